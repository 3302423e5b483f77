"""Provenance of a value: its processing steps in order, each recorded by the function that performed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from calcitrack.model.read_only import FrozenMapping

Parameter = str | int | float | bool | None

UNSTORED: Mapping[str, bool] = {"stored": False}
"""Metadata of a dataclass field that records leave out: a function, for which another field stands."""
STORED_WHEN_STATED: Mapping[str, bool] = {"stored_when_stated": True}
"""Metadata of a dataclass field that records leave out while it has its default, so that they are the same as before there was such a field."""


def stored_fields(noun: Any) -> dict[str, Any]:
    """Name -> value of the fields of a dataclass object that belong into a record.

    Examples
    --------
    >>> stored_fields(Step("align", {}, {"ok": True}))["name"]
    'align'
    """
    return {
        f.name: getattr(noun, f.name)
        for f in fields(noun)
        if f.metadata.get("stored", True) and not (f.metadata.get("stored_when_stated") and getattr(noun, f.name) == f.default)
    }


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Parameters
    ----------
    name
        The function, by its public name.
    parameters
        Its parameters, flat.
    outcome
        Its decisions and findings, flat.

    Examples
    --------
    >>> Step("segment", {"method": "network"}, {"deposits": 3}).outcome["deposits"]
    3
    """

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    outcome: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", FrozenMapping(self.parameters))
        object.__setattr__(self, "outcome", FrozenMapping(self.outcome))


@dataclass(frozen=True, slots=True)
class Provenance:
    """Processing steps in order, and the version of the program that performed them."""

    program: str
    version: str
    steps: tuple[Step, ...] = ()

    def then(self, *steps: Step) -> Provenance:
        """The same provenance with further steps.

        Examples
        --------
        >>> len(Provenance("calcitrack", "1.0").then(Step("review")).steps)
        1
        """
        return Provenance(self.program, self.version, self.steps + steps)
