"""The licences of everything that is installed with calcitrack."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement

COPYLEFT = re.compile(r"\b(A|L)?GPL|General Public License", re.IGNORECASE)
RUNTIME_EXCEPTION = re.compile(r"\b\w*GPL[-\w.+]* WITH \S+", re.IGNORECASE)
"""A licence whose exception frees the programs that link to it, as that of the compiler's runtime library."""


def run_time_closure(name: str) -> dict[str, metadata.Distribution]:
    """Distribution name -> distribution, for `name` and all that it needs at run time, without extras."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [name]
    while waiting:
        distribution = metadata.distribution(waiting.pop())
        if distribution.name in found:
            continue
        found[distribution.name] = distribution
        requirements = [Requirement(text) for text in distribution.requires or []]
        waiting += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def licence_of(distribution: metadata.Distribution) -> list[str]:
    """What the metadata say: the SPDX expression, else the classifiers, else the first line of the licence text."""
    expression = distribution.metadata.get("License-Expression")
    if expression:
        return [expression]
    classifiers = [c for c in distribution.metadata.get_all("Classifier") or [] if c.startswith("License ::") and c != "License :: OSI Approved"]
    return classifiers or (distribution.metadata.get("License") or "").strip().splitlines()[:1]


def is_copyleft(licence: list[str]) -> bool:
    """Whether every way to use the software is under a copyleft licence, or a part of it is."""
    alternatives = [a for text in licence for a in re.split(r"\bOR\b", RUNTIME_EXCEPTION.sub("", text))]
    joined_by_or = len(licence) == 1 and len(alternatives) > 1
    verdicts = [bool(COPYLEFT.search(a)) for a in alternatives]
    return all(verdicts) if joined_by_or else any(verdicts)


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        (["MIT"], False),
        (["GPL-3.0-only"], True),
        (["MIT AND LGPL-2.1-or-later"], True),
        (["MIT OR GPL-2.0-only"], False),
        (["BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1"], False),
        (["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], True),
    ],
)
def test_copyleft_is_recognised(licence: list[str], expected: bool) -> None:
    """The check itself tells copyleft from permissive licences."""
    assert is_copyleft(licence) is expected


def test_no_copyleft_at_run_time() -> None:
    """Nothing that `pip install calcitrack` brings is under a copyleft licence, and every package states one."""
    licences = {name: licence_of(d) for name, d in run_time_closure("calcitrack").items()}
    assert len(licences) > 10, "the walk found the dependencies"
    assert [name for name, licence in licences.items() if not licence] == []
    assert {name: licence for name, licence in licences.items() if is_copyleft(licence)} == {}
