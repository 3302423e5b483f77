"""Films drawn by hand: label maps of a few rectangles, and what is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from calcitrack.measure.measurands import AREA_MM2, HA_MASS_MG, VOLUME_MM3
from calcitrack.model.assessment import Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.measurement import Deposit, Measurement, NotMeasurable, Result
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.timeline import Exposure
from calcitrack.phantom.simulate import DepositTruth
from calcitrack.phantom.specs import BodyPart, Course, Form, Style
from calcitrack.validation import FilmTruth

SHAPE = (40, 60)
PITCH_MM = 0.5
"""A pixel is 0.25 mm2, so that 6 pixels are 1.5 mm2 and 2 pixels 0.5 mm2."""
MAGNIFICATION = 1.0

Box = tuple[int, int, int, int]
"""(top, left, rows, columns)."""


@dataclass(frozen=True, kw_only=True)
class TrueBox:
    """A true deposit."""

    box: Box
    mass_mg: float = 10.0
    over_bone: float = 0.0
    peak_mg_cm2: float = 100.0


@dataclass(frozen=True, kw_only=True)
class FoundBox:
    """A found deposit; `mass` and `volume` are (value, sd) or ``None`` for not measurable."""

    box: Box
    mass: tuple[float, float] | None = (10.0, 1.0)
    volume: tuple[float, float] | None = None
    area_sd: float | None = None
    confidence: float = 0.9
    identity: str = ""


@dataclass(frozen=True, kw_only=True)
class Film:
    """Which film of which person."""

    patient: str = "P"
    style: Style = Style.LIN
    visit: int = 1
    repeat: int = 0
    cut: frozenset[int] = field(default_factory=frozenset)


def draw(boxes: Mapping[int, Box]) -> np.ndarray:
    """A label map of rectangles."""
    labels = np.zeros(SHAPE, np.uint16)
    for label, (top, left, rows, columns) in boxes.items():
        labels[top : top + rows, left : left + columns] = label
    return labels


class Drawing:
    """Truths and assessments from boxes."""

    true = staticmethod(lambda *a, **k: TrueBox(box=a, **k))
    found = staticmethod(lambda *a, **k: FoundBox(box=a, **k))
    film = Film

    def truth(self, *boxes: TrueBox, film: Film | None = None) -> FilmTruth:
        """Deposits 1, 2, ... as drawn."""
        film = film or Film()
        deposits = tuple(_truth(k, b) for k, b in enumerate(boxes, start=1))
        return FilmTruth(
            patient_id=film.patient,
            body_part=BodyPart.HAND,
            style=film.style,
            visit=film.visit,
            repeat=film.repeat,
            pitch_mm=PITCH_MM,
            labels=draw({k: b.box for k, b in enumerate(boxes, start=1)}),
            deposits=deposits,
            cut=film.cut,
        )

    def image(self, *boxes: FoundBox) -> ImageAssessment:
        """An assessment that found these boxes."""
        nothing = np.zeros(SHAPE, bool)
        calibration, spacing = Calibration(Tier.A, Relationship.LIN, 1, "made"), Spacing(PITCH_MM, PITCH_MM, SpacingBasis.DETECTOR)
        picture = Radiograph(pixels=np.zeros((1, 1), np.float32), spacing=spacing, acquisition=Acquisition(), calibration=calibration)
        labels = draw({k: b.box for k, b in enumerate(boxes, start=1)})
        return ImageAssessment(
            exposure=Exposure.of(picture),
            time_point=1,
            repeat=0,
            spacing=spacing,
            calibration=calibration,
            segmentation=Segmentation(labels=labels, limb=nothing, bone=nothing, confidence={k: b.confidence for k, b in enumerate(boxes, start=1)}),
            deposits=tuple(_found(k, b) for k, b in enumerate(boxes, start=1)),
            totals={},
        )


def _truth(number: int, box: TrueBox) -> DepositTruth:
    area = box.box[2] * box.box[3] * PITCH_MM**2
    return DepositTruth(
        deposit_id=number,
        form=Form.STONE,
        course=Course.STABLE,
        size_mm=5.0,
        conc_mg_cm3=400.0,
        volume_mm3=box.mass_mg / 0.4,
        ha_mg=box.mass_mg,
        area_detector_mm2=area,
        magnification=MAGNIFICATION,
        area_object_mm2=area,
        over_bone=box.over_bone,
        peak_mg_cm2=box.peak_mg_cm2,
        segment="mc1",
        height_mm=0.0,
    )


def _found(label: int, box: FoundBox) -> TrackedDeposit:
    mass: Result = NotMeasurable(HA_MASS_MG, "made") if box.mass is None else Measurement(HA_MASS_MG, *box.mass)
    volume: Result = NotMeasurable(VOLUME_MM3, "made") if box.volume is None else Measurement(VOLUME_MM3, *box.volume)
    area = Measurement(AREA_MM2, box.box[2] * box.box[3] * PITCH_MM**2, box.area_sd)
    deposit = Deposit(label, box.confidence, (0.0, 0.0), {"ha_mass_mg": mass, "area_mm2": area, "volume_mm3": volume})
    return TrackedDeposit(deposit, box.identity or f"D{label:03d}", "2.25.1", Fate.BASELINE)


@pytest.fixture
def drawing() -> Drawing:
    """Truths and assessments from boxes: ``true(top, left, rows, columns)``, ``found(...)``, ``truth``, ``image``."""
    return Drawing()
