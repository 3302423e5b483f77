"""Places of deposits: in soft tissue between bone and skin, at the sites where calcinosis occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from calcitrack.phantom.shapes import Site
from calcitrack.phantom.specs import DepositSpec, Form

_ROOMY = ("mc", "radius", "ulna", "humerus", "femur", "tibia", "fibula", "mt", "calcaneus")
"""Segments with room for sheets, nets and tumoral masses, by the start of their names."""

_LATERAL = 0.78
"""Share of the deposits beside a bone rather than in front of or behind it."""

_HALF = {Form.STONE: 0.42, Form.TUMORAL: 0.42, Form.PUNCTATE: 0.4, Form.SHEET: 0.14, Form.NET: 0.2}
"""Half thickness across the flesh in parts of the longest extent; sheets and nets lie along it."""

_ROOM_MM = 12.0
"""Half thickness for which room is sought between bone and skin; larger masses lie over the bone and bulge the skin."""

_TRIALS = 12
"""Draws of a place before a deposit is given up because all collide with others."""


def place_deposit(
    rng: np.random.Generator, sites: Mapping[str, Site], form: Form, size_mm: float, others: Sequence[DepositSpec]
) -> tuple[str, tuple[float, float, float]] | None:
    """A segment and a place in its frame (across, along, towards the back), clear of the other deposits there; ``None`` without room."""
    names = [n for n in sites if form in (Form.STONE, Form.PUNCTATE) or n.startswith(_ROOMY)] or list(sites)
    weights = np.array([sites[n].weight for n in names])
    for _ in range(_TRIALS):
        name = str(rng.choice(names, p=weights / weights.sum()))
        place = _place(rng, sites[name], min(_HALF[form] * size_mm, _ROOM_MM))
        near = [o for o in others if o.segment == name]
        if all(np.linalg.norm(np.subtract(place, o.position_mm)) > 0.45 * (size_mm + o.size_mm) + 1.0 for o in near):
            return name, place
    return None


def _place(rng: np.random.Generator, site: Site, half_mm: float) -> tuple[float, float, float]:
    """A place around the bone at a random angle and at a random depth between bone and skin."""
    beside = rng.random() < _LATERAL
    angle = rng.choice([0.0, np.pi]) + rng.normal(0, 0.4) if beside else rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    bone = 1 / np.hypot(c / site.bone_half_mm[0], s / site.bone_half_mm[1])
    skin = 1 / np.hypot(c / site.flesh_half_mm[0], s / site.flesh_half_mm[1])
    inner, outer = bone + 0.8 * half_mm + 0.2, skin - 0.7 * half_mm - 0.5
    radius = rng.uniform(inner, outer) if outer > inner else 0.5 * (inner + outer) if outer > bone else inner
    along = site.length_mm * rng.uniform(*site.along)
    return float(radius * c), float(along), float(radius * s)
