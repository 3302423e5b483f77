"""Which end of a film's values is dense: every combination of what a header can state, at the values that are finally measured."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcitrack import read_radiograph
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.calibration import Tier

Write = Callable[..., Path]

FULL = 4095
NEPERS = np.linspace(0, 3, 64).reshape(8, 8)
"""True attenuation: open field at the corner, 3 nepers at the opposite one."""
SHAPES = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}
CLASSES = {
    "FOR PROCESSING": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1", "Modality": "DX"},
    "FOR PRESENTATION": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "Modality": "DX"},
    None: {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "Modality": "CR"},
}
TRANSFORMS = ("none", "rising", "falling", "rising table", "falling table", "optical density")


def _stored(relationship: str | None, *, dense_high: bool) -> np.ndarray:
    """Stored values of the film: linear in the beam, or in its logarithm."""
    beam = np.exp(-NEPERS) if relationship == "LIN" else 1 - NEPERS / 3.2
    values = np.round(beam * (FULL - 95)).astype(np.uint16)
    return np.asarray(FULL - values if dense_high else values, np.uint16)


def _transform(kind: str, sequence_of: Callable[..., Any]) -> tuple[dict[str, Any], int]:
    """Header elements of a modality transform, and whether it turns the values round."""
    if kind.endswith("table"):
        entries = np.arange(FULL + 1, dtype=np.uint16)
        entries = entries[::-1].copy() if kind == "falling table" else entries
        table = {"LUTDescriptor": [FULL + 1, 0, 16], "ModalityLUTType": "US", "LUTData": entries.tobytes()}
        return {"ModalityLUTSequence": sequence_of(table)}, -1 if kind == "falling table" else 1
    slopes = {"rising": ("0.5", "-100", "US"), "falling": ("-1", "4095", "US"), "optical density": ("0.9", "20", "OD")}
    if kind == "none":
        return {}, 1
    slope, intercept, unit = slopes[kind]
    return {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": unit}, 1 if float(slope) > 0 else -1


@pytest.mark.parametrize("intent", CLASSES)
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("relationship", ["LIN", "LOG", None])
def test_what_is_measured_rises_with_attenuation_whatever_the_way_a_film_is_stored(
    intent: str | None, transform: str, relationship: str | None, dicom: Write, sequence_of: Callable[..., Any]
) -> None:
    """Consistent headers give rising values and no contradiction; linear raw ones the true nepers, however they are turned and scaled."""
    elements, turn = _transform(transform, sequence_of)
    for dense_high, sign_stated in product((False, True), (False, True)):
        if transform == "optical density" and dense_high:
            continue  # a higher optical density is a darker film: more beam
        sign = -1 if dense_high else 1
        photometric = "MONOCHROME2" if (sign == -1) == (turn == 1) else "MONOCHROME1"
        path = dicom(
            pixels=_stored(relationship, dense_high=dense_high),
            PresentationIntentType=intent,
            PixelIntensityRelationship=relationship,
            PixelIntensityRelationshipSign=sign if sign_stated else None,
            PhotometricInterpretation=photometric,
            PresentationLUTShape=SHAPES[photometric],
            **CLASSES[intent],
            **elements,
        )
        film = read_radiograph(path)
        measured = attenuation(film)
        assert np.corrcoef(measured.ravel(), NEPERS.ravel())[0, 1] > 0.9
        assert not any("disagree" in f for f in film.findings)
        assert (film.calibration.tier is Tier.A) == (intent == "FOR PROCESSING" and relationship is not None and sign_stated)
        if film.calibration.in_nepers:
            np.testing.assert_allclose(measured - measured[0, 0], NEPERS, atol=0.004)  # rounding to whole stored values
        assert any("no beam" in f for f in film.findings) == (film.calibration.in_nepers and dense_high)


@pytest.mark.parametrize("photometric", SHAPES)
@pytest.mark.parametrize("shape", ["IDENTITY", "INVERSE", None])
@pytest.mark.parametrize("sign", [-1, 1, None])
@pytest.mark.parametrize("turn", [-1, 1])
@pytest.mark.parametrize("intent", CLASSES)
def test_statements_that_contradict_each_other_are_a_finding(
    intent: str | None, turn: int, sign: int | None, shape: str | None, photometric: str, dicom: Write
) -> None:
    """In a picture FOR PRESENTATION the photometric interpretation decides, elsewhere the sign of the stored values; the other one is named."""
    film = read_radiograph(
        dicom(
            PresentationIntentType=intent,
            PixelIntensityRelationship=None,
            PixelIntensityRelationshipSign=sign,
            PhotometricInterpretation=photometric,
            PresentationLUTShape=shape,
            RescaleSlope=str(turn),
            RescaleIntercept="0",
            **CLASSES[intent],
        )
    )
    shown = 1 if photometric == "MONOCHROME2" else -1
    by_sign = shown if sign is None else -sign * turn
    assert film.calibration.polarity == (shown if intent == "FOR PRESENTATION" else by_sign)
    contradictions = [f for f in film.findings if "disagree" in f]
    assert len(contradictions) == (by_sign != shown) + (shape is not None and shape != SHAPES[photometric])


def test_a_bent_modality_table_leaves_no_attenuation(dicom: Write, sequence_of: Callable[..., Any]) -> None:
    """The relationship speaks of stored values: behind a curve it holds no longer, and the direction still does."""
    entries = np.round(np.sqrt(np.arange(FULL + 1)) * 60)[::-1].astype(np.uint16)
    table = {"LUTDescriptor": [FULL + 1, 0, 16], "ModalityLUTType": "US", "LUTData": entries.tobytes()}
    film = read_radiograph(
        dicom(
            pixels=_stored("LIN", dense_high=False),
            PixelIntensityRelationship="LIN",
            PixelIntensityRelationshipSign=1,
            ModalityLUTSequence=sequence_of(table),
        )
    )
    assert film.calibration.tier is Tier.C
    assert "no straight line" in film.calibration.reason
    assert np.all(np.diff(film.pixels.ravel()) >= 0)


def test_linear_values_that_fall_with_the_beam_need_their_full_scale(dicom: Write) -> None:
    """12 bits in a container of 16: no beam is 4095, signed ones end at 2047; the finding names the value."""
    raw = {"PixelIntensityRelationship": "LIN", "PixelIntensityRelationshipSign": -1}
    stored = _stored("LIN", dense_high=True)
    unsigned = read_radiograph(dicom("a.dcm", stored, **raw))
    signed = read_radiograph(dicom("b.dcm", (stored.astype(np.int16) - 2048), PixelRepresentation=1, **raw))
    for film, value in ((unsigned, 4095), (signed, 2047)):
        np.testing.assert_allclose(attenuation(film) - attenuation(film)[0, 0], NEPERS, atol=0.004)
        assert any(f"{value}, the largest stored value, is taken for no beam" in f for f in film.findings)
