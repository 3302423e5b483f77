"""Tests of coded concepts against pydicom's copy of the context groups of DICOM PS3.16."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts as pydicom_concepts

from calcitrack.io.dicom.anatomy_codes import BODY_PART_CODES, VIEW_CODES
from calcitrack.io.dicom.codes import code_of
from calcitrack.model import concepts
from calcitrack.model.concepts import Concept
from calcitrack.model.judgement import Verdict


def _in_groups(concept: Concept) -> set[int]:
    """Context groups that list the code."""
    found = [entries[concept.value] for entries in pydicom_concepts[concept.scheme].values() if concept.value in entries]
    return {group for _, groups in found for group in groups}


@pytest.mark.parametrize(
    ("group", "listed"),
    [
        (4031, concepts.BODY_PARTS.values()),
        (4010, concepts.VIEWS.values()),
        (244, concepts.SIDES.values()),
        (7150, (concepts.ABNORMAL_STRUCTURE,)),
        (6335, (concepts.CALCIFICATION,)),
    ],
)
def test_codes_stand_in_the_context_group_that_they_are_taken_from(group: int, listed: Iterable[Concept]) -> None:
    """A digit that is wrong names another concept, or none."""
    assert group in cid_concepts
    assert [c for c in listed if group not in _in_groups(c)] == []


def test_what_is_written_is_read_back() -> None:
    """Each body part and view has a code that the reader knows under the same term."""
    assert {part: BODY_PART_CODES[c.value] for part, c in concepts.BODY_PARTS.items()} == {part: part for part in concepts.BODY_PARTS}
    assert {view: VIEW_CODES[c.value] for view, c in concepts.VIEWS.items()} == {view: view for view in concepts.VIEWS}


def test_a_concept_is_its_code() -> None:
    """The wording of a meaning does not make another concept; the scheme does."""
    knee = concepts.BODY_PARTS["KNEE"]
    assert Concept("72696002", "SCT", "Knee joint") == knee
    assert hash(Concept("72696002", "SCT", "Knee joint")) == hash(knee)
    assert Concept("72696002", "99OTHER", "Knee") != knee


def test_own_concepts_fit_into_dicom() -> None:
    """Value and meaning keep DICOM's limits, and each verdict has its own code."""
    assert len({c.value for c in concepts.VERDICTS.values()}) == len(Verdict)
    code = code_of(concepts.own_concept("x", "m" * 100))
    assert (code.scheme_designator, len(code.meaning)) == ("99CALCITRACK", concepts.MAX_MEANING)
