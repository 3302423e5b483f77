"""Request for a timeline as a digest, and its difference from an earlier request in words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from calcitrack.io.cohort.exposure_file import Content, ExposureFile
from calcitrack.io.workspace.codec import Json, canonical, encode, storable
from calcitrack.io.workspace.measured import MeasuredBefore
from calcitrack.model.timeline import Exposure, Timeline

FORM = 1
"""Of what the digest is made of; another one when that changes."""
SHOWN_DIGEST = 12
"""Characters of a digest that a sentence shows."""
MOST_NAMED = 3
"""Files and settings that a sentence names."""


def request_digest(timeline: Timeline, options: Json, made_by: Json) -> str:
    """SHA-256 of everything that determines the assessment of a timeline, except the bytes of its files.

    Parameters
    ----------
    options, made_by
        Settings, and what carries them out, as JSON.
    """
    points = [[t.index, encode(t.date), [_exposure(e) for e in t.exposures]] for t in timeline.time_points]
    content = [FORM, encode(timeline.key), list(timeline.findings), points, options, made_by]
    return hashlib.sha256(canonical(content)).hexdigest()


def _exposure(exposure: Exposure) -> Json:
    parts = [exposure.source, encode(exposure.acquisition), list(exposure.findings)]
    if exposure.correction:
        parts.append({"correction": encode(exposure.correction)})
    load = exposure.load
    if not isinstance(load, ExposureFile):
        return parts
    row = None if load.row is None else encode(replace(load.row, line=0))  # where it stands in the manifest decides nothing
    return [*parts, row, encode(load.limits)]


def why_again(before: MeasuredBefore, options: Json, made_by: Json, contents: Callable[[], Sequence[Content]]) -> str:
    """Reason why an earlier assessment does not answer the present request, as a clause.

    Parameters
    ----------
    options, made_by
        Of now.
    contents
        Reads the files of now; called only where settings and program are the same.
    """
    if before.made_by.get("version") != made_by.get("version"):
        return f"calcitrack {before.made_by.get('version', 'of an unknown version')} measured it, this is {made_by.get('version')}"
    others = _differences(before.made_by, made_by)
    if others:
        return f"it was measured with other parts of the program: {others}"
    settings = _differences(before.options or {}, options)
    if settings:
        return f"the settings are others: {settings}"
    files = "; ".join(_changed_files(before.measured_from.contents, contents()))
    if files:
        return files
    if before.measured_from.unread:
        return f"{before.measured_from.unread} of its images could not be read the last time"
    return "what headers, sidecars or a manifest state about its images has changed"


def _differences(before: Json, now: Json) -> str:
    old, new = dict(_flat("", before)), dict(_flat("", now))
    changed = [k for k in {**old, **new} if old.get(k) != new.get(k)]
    named = ", ".join(f"{k} {_short(old.get(k))} before, {_short(new.get(k))} now" for k in changed[:MOST_NAMED])
    return f"{named} and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else named


def _flat(name: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    else:
        yield name, value


def _short(value: Json) -> str:
    if isinstance(value, str) and len(value) == hashlib.sha256().digest_size * 2:
        return value[:SHOWN_DIGEST]
    return "not stated" if value is None else str(value)


def _changed_files(before: Sequence[Content], now: Sequence[Content]) -> Iterator[str]:
    old, new = {c.source: c for c in before}, {storable(c.source): c for c in now}
    groups = {
        "was added": [n for n in new if n not in old],
        "is gone": [n for n in old if n not in new],
        "has changed": [n for n, c in new.items() if n in old and (old[n].size_bytes, old[n].sha256) != (c.size_bytes, c.sha256)],
    }
    if not any(n in old for n in new):
        yield f"its files had other paths, such as {before[0].source}" if before else "its files were not noted"
        return
    for what, names in groups.items():
        if names:
            more = len(names) - 1
            yield f"{names[0]} {what}" if not more else f"{names[0]} {what}, and so {'has' if more == 1 else 'have'} {more} more"
