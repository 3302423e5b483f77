from __future__ import annotations

import dataclasses
import json
from types import ModuleType

import numpy as np
import pytest

from calcitrack.assess.blinding import blinded, emptied, film_letter
from calcitrack.errors import DamagedFileError, ReadError
from calcitrack.io.workspace.codec import dumps, encode
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.timeline import Exposure

ORDER = (2, 3, 0, 1)
"""Visits 3 (with a repeat), 1 and 2 of the made assessment."""


def everything(assessment: Assessment) -> str:
    """All that it says, films that were loaded included, but for the provenance, which is nowhere shown."""
    told = [dumps(encode([assessment.key, assessment.time_points, assessment.findings]))]
    for image in assessment.images:
        radiograph = image.exposure.load()
        told += [image.exposure.source, *image.exposure.findings, *image.findings, radiograph.source, *radiograph.findings]
        told += [json.dumps(dataclasses.asdict(facts), default=str) for facts in (image.exposure.acquisition, radiograph.acquisition)]
    return "\n".join(told)


def test_nothing_tells_whose_films_these_are_or_when(made: ModuleType) -> None:
    """No patient, day, UID or file; the assessment that is not blinded has them all."""
    assessment = made.assessment("P1234")
    secrets = ("P1234", *(day.isoformat() for day in made.DAYS), "2.25.", ".dcm", "a finding")
    assert [s for s in secrets if s not in everything(assessment)] == []
    shown = blinded(assessment, ORDER, "Case 7")
    assert [s for s in secrets if s in everything(shown)] == []
    assert shown.key.patient_id == "Case 7"
    assert shown.assessment_id == assessment.assessment_id


def test_visits_are_in_the_order_shown_and_fates_follow_it(made: ModuleType) -> None:
    """Visits and deposits are numbered anew, so that no number tells of time: a deposit of the second visit alone is new at the third film."""
    assessment = made.assessment("P1")
    shown = blinded(assessment, ORDER, "Case 7")
    assert [(i.time_point, i.repeat) for i in shown.images] == [(1, 0), (1, 1), (2, 0), (3, 0)]
    assert [[d.deposit_id for d in i.deposits] for i in shown.images] == [["D001", "D002"]] * 3 + [["D001", "D002", "D003"]]
    assert [p.date for p in shown.time_points] == [None] * 3
    assert {t.deposit_id: t.fates for t in shown.tracks}["D003"] == {3: Fate.NEW}
    backwards = blinded(assessment, (1, 2, 3, 0), "Case 7")
    assert {t.deposit_id: t.fates[2] for t in backwards.tracks}["D003"] is Fate.RESOLVED
    for k, position in enumerate(ORDER):
        assert shown.images[k].totals == assessment.images[position].totals
        assert shown.images[k].segmentation is assessment.images[position].segmentation
        np.testing.assert_array_equal(shown.images[k].exposure.load().pixels, assessment.images[position].exposure.load().pixels)


def test_a_reader_may_begin_from_nothing(made: ModuleType) -> None:
    """No deposit, no identity, no total that hints at one; limb and registration stay."""
    assessment = made.assessment("P1")
    empty = emptied(assessment)
    assert empty.tracks == ()
    assert all(not i.deposits and not i.segmentation.labels.any() and not i.segmentation.confidence for i in empty.images)
    assert all(i.segmentation.limb.all() and i.alignment == b.alignment for i, b in zip(empty.images, assessment.images, strict=True))
    assert {r.reason for i in empty.images for r in i.totals.values()} == {"nothing was outlined yet"}
    assert [p.deposit_count for p in empty.time_points] == [0, 0, 0]


def test_a_film_that_cannot_be_read_is_not_named(made: ModuleType) -> None:
    """The error says which film of the case, and neither file nor patient."""
    assessment = made.assessment("P1")

    def load() -> None:
        raise DamagedFileError("P1/visit1.dcm", "half of it", "all of it", "export it again")

    first = assessment.images[0]
    broken = dataclasses.replace(first, exposure=Exposure(first.exposure.acquisition, load, "P1/visit1.dcm"))
    shown = blinded(dataclasses.replace(assessment, images=(broken, *assessment.images[1:])), ORDER, "Case 7")
    with pytest.raises(ReadError, match="Case 7, film B: found a film that cannot be read") as told:
        shown.images[2].exposure.load()
    assert "visit1" not in str(told.value)
    assert told.value.__cause__ is None


def test_films_have_letters() -> None:
    """As the columns of a spreadsheet."""
    assert [film_letter(k) for k in (1, 2, 26, 27, 52, 53, 702, 703)] == ["A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
