"""Hand-made assessments for the tests of tables, figures and results folders: every value is set here, nothing is measured."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from calcitrack.errors import DamagedFileError
from calcitrack.io.workspace.document import document_digest, document_of
from calcitrack.io.workspace.label_files import segmentation_digest
from calcitrack.model import review_steps
from calcitrack.model.assessment import (
    Alignment,
    Assessment,
    Change,
    DepositTrack,
    Fate,
    ImageAssessment,
    ImageFailure,
    TimePointSummary,
    TrackedDeposit,
)
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.cohort import Cohort, CohortAssessment, FileRecord, FileStatus
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.joint import Joint, JointDeposit, JointSeries
from calcitrack.model.measurement import Deposit, Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.provenance import Provenance, Step
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey

SHAPE = (120, 90)
UNITS = {
    "area_mm2": "mm2",
    "area_px": "{pixel}",
    "feret_mm": "mm",
    "ha_mass_mg": "mg",
    "volume_mm3": "mm3",
    "contrast_mean": "1",
    "contrast_integral_mm2": "mm2",
    "over_bone_fraction": "1",
    "relative_brightness": "1",
    "al_equivalent_mm3": "mm3",
}
MEASURANDS = {name: Measurand(name, unit, f"made {name}", "made") for name, unit in UNITS.items()}
JOINT_UNITS = {"ha_mass_joint_mg": "mg", "contrast_joint_mm2": "mm2", "area_joint_mm2": "mm2"}
DETECTOR = Spacing(0.2, 0.2, SpacingBasis.DETECTOR, "ImagerPixelSpacing")
TIER_A = Calibration(Tier.A, Relationship.LOG, 1, "FOR PROCESSING with LOG stated")
TIER_C = Calibration(Tier.C, Relationship.UNKNOWN, 1, "nothing states what the values mean")
NO_MASS = "mass needs calibration tier A or B"
NO_SIZE = "nothing states the size of a pixel"
DAYS = (dt.date(2021, 3, 8), dt.date(2021, 9, 1), dt.date(2022, 5, 20))


def value(name: str, number: float, sd: float | None = None, model: str = "") -> Measurement:
    """A measurement of one of the made measurands."""
    return Measurement(MEASURANDS[name], number, sd, model)


def missing(name: str, reason: str) -> NotMeasurable:
    """A made measurand that cannot be obtained."""
    return NotMeasurable(MEASURANDS[name], reason)


def picture(spacing: Spacing = DETECTOR, calibration: Calibration = TIER_A, acquisition: Acquisition | None = None, source: str = "") -> Radiograph:
    """A bright bone in a grey limb on dark air, with a ramp that makes every row different."""
    pixels = np.zeros(SHAPE, np.float32)
    pixels[:, 15:75] = 40
    pixels[:, 40:50] = 100
    pixels += np.linspace(0, 5, SHAPE[0], dtype=np.float32)[:, None]
    return Radiograph(pixels=pixels, spacing=spacing, acquisition=acquisition or Acquisition(), calibration=calibration, source=source)


def acquisition(patient: str, time_point: int, repeat: int, *, sop: str | None = None) -> Acquisition:
    """Header facts of a right hand, with UIDs that differ for every patient, time point and repeat."""
    stem = f"2.25.{sum(map(ord, patient))}{time_point}{repeat}"
    moment = dt.datetime.combine(DAYS[time_point - 1], dt.time(10, repeat), tzinfo=None)
    return Acquisition(
        patient_id=patient,
        study_instance_uid=f"{stem}1",
        series_instance_uid=f"{stem}2",
        sop_instance_uid=f"{stem}3" if sop is None else sop,
        modality="DX",
        body_part_examined="HAND",
        laterality="R",
        view_position="PA",
        study_date=DAYS[time_point - 1],
        acquisition_time=moment,
        rows=SHAPE[0],
        columns=SHAPE[1],
    )


def labels(n: int) -> np.ndarray:
    """`n` squares of 4 x 4 pixels, one above the other."""
    out = np.zeros(SHAPE, np.uint16)
    for i in range(n):
        out[10 + 20 * i : 14 + 20 * i, 60:64] = i + 1
    return out


def deposit(label: int, *, mass: bool = True, sized: bool = True) -> Deposit:
    """The square with this label: 16 pixels, 0.64 mm2, 1.5 mg times its label."""
    results: dict[str, Result] = {
        "area_px": value("area_px", 16, 2.0),
        "area_mm2": value("area_mm2", 0.64, 0.08) if sized else missing("area_mm2", NO_SIZE),
        "feret_mm": value("feret_mm", 1.0) if sized else missing("feret_mm", NO_SIZE),
        "ha_mass_mg": value("ha_mass_mg", 1.5 * label, 0.1) if mass else missing("ha_mass_mg", NO_MASS),
        "volume_mm3": value("volume_mm3", 2.0 * label, 0.4, "a made model") if mass else missing("volume_mm3", NO_MASS),
        "contrast_mean": value("contrast_mean", 0.25),
        "contrast_integral_mm2": value("contrast_integral_mm2", 0.16, 0.01) if sized else missing("contrast_integral_mm2", NO_SIZE),
        "over_bone_fraction": value("over_bone_fraction", 0.0),
        "relative_brightness": value("relative_brightness", 0.4),
        "al_equivalent_mm3": value("al_equivalent_mm3", 0.9 * label, 0.05) if mass else missing("al_equivalent_mm3", NO_MASS),
    }
    return Deposit(label=label, confidence=0.9, centroid=(11.5 + 20 * (label - 1), 61.5), measurements=results)


def totals(n: int, *, mass: bool = True, sized: bool = True) -> dict[str, Result]:
    """Sums over the first `n` made deposits."""
    return {
        "area_px": value("area_px", 16 * n, 4.0),
        "area_mm2": value("area_mm2", 0.64 * n, 0.1) if sized else missing("area_mm2", NO_SIZE),
        "ha_mass_mg": value("ha_mass_mg", 1.5 * n * (n + 1) / 2, 0.2, "a made beam") if mass else missing("ha_mass_mg", NO_MASS),
        "volume_mm3": value("volume_mm3", 2.0 * n * (n + 1) / 2, 1.5, "a made model") if mass else missing("volume_mm3", NO_MASS),
        "contrast_integral_mm2": value("contrast_integral_mm2", 0.16 * n, 0.02) if sized else missing("contrast_integral_mm2", NO_SIZE),
        "al_equivalent_mm3": value("al_equivalent_mm3", 0.9 * n * (n + 1) / 2, 0.1) if mass else missing("al_equivalent_mm3", NO_MASS),
    }


def image(
    patient: str,
    time_point: int,
    repeat: int,
    fates: tuple[Fate, ...],
    *,
    mass: bool = True,
    sized: bool = True,
    source: str = "",
    sop: str | None = None,
) -> ImageAssessment:
    """One exposure with a deposit for each fate."""
    facts = acquisition(patient, time_point, repeat, sop=sop)
    spacing, calibration = (DETECTOR if sized else Spacing.uncalibrated()), (TIER_A if mass else TIER_C)
    path = source or f"{patient}/visit{time_point}{'-repeat' if repeat else ''}.dcm"
    label_map = labels(len(fates))
    return ImageAssessment(
        exposure=Exposure(facts, partial(picture, spacing, calibration, facts, path), path),
        time_point=time_point,
        repeat=repeat,
        spacing=spacing,
        calibration=calibration,
        segmentation=Segmentation(labels=label_map, limb=np.ones(SHAPE, bool), bone=np.zeros(SHAPE, bool)),
        deposits=tuple(TrackedDeposit(deposit(i, mass=mass, sized=sized), f"D{i:03d}", f"2.25.77{i}", fate) for i, fate in enumerate(fates, start=1)),
        totals=totals(len(fates), mass=mass, sized=sized),
        alignment=None if (time_point, repeat) == (1, 0) else Alignment(((1, 0, 0), (0, 1, 0)), 0.5),
        findings=("a made finding",) if repeat else (),
        steps=(Step("segment", {"sigma": 2.0}, {"deposits": len(fates)}),),
    )


def with_possible(image: ImageAssessment) -> ImageAssessment:
    """The image with two possible deposits: P1 of 3 x 4 pixels and confidence 0.7, and P2 of 1 x 2 pixels and confidence 0.55."""
    possible = np.zeros(SHAPE, np.uint16)
    possible[80:83, 20:24], possible[100, 30:32] = 1, 2
    return replace(image, segmentation=replace(image.segmentation, possible=possible, possible_confidence={1: 0.7, 2: 0.55}))


def assessment_with_possible(patient: str = "P1", **more: bool) -> Assessment:
    """The made assessment, with the two possible deposits on the film of its second visit."""
    made = assessment(patient, **more)
    return replace(made, images=(made.images[0], with_possible(made.images[1]), *made.images[2:]))


def joint(n_images: int = 4) -> Joint:
    """Joint values of the made assessment with repeat: D001 and D002 are one family on all images; D003 is seen on the second film alone."""
    images = tuple(range(n_images))
    every = np.eye(n_images) + 0.5
    of_family, of_third, total = {}, {}, {}
    for name in JOINT_UNITS:
        what = Measurand(name, JOINT_UNITS[name], f"made {name}", "made")
        of_family[name] = JointSeries(what, images, tuple(10.0 + k for k in images), tuple(map(tuple, every.tolist())))
        of_third[name] = JointSeries(what, (1,), (3.0,), ((1.0,),))
        both = every + np.diag([0.0, 1.0, 0.0, 0.0][:n_images])
        total[name] = JointSeries(what, images, tuple(10.0 + k + 3.0 * (k == 1) for k in images), tuple(map(tuple, both.tolist())))
    shares = dict.fromkeys(images, (0.25, 0.75))
    deposits = (
        JointDeposit(("D001", "D002"), images, 2.5, 0.1, of_family, shares),
        JointDeposit(("D003",), (), None, None, of_third, {1: (1.0,)}, {1: "it could not be aligned"}, "it could not be aligned"),
    )
    return Joint(deposits, total)


def _change(measurand: str, later: Result, earlier: Result, days: int) -> Change:
    if isinstance(later, Measurement) and isinstance(earlier, Measurement):
        return Change(value(measurand, later.value - earlier.value, 0.3), later.value / earlier.value - 1 if earlier.value else None, days)
    reason = later.reason if isinstance(later, NotMeasurable) else earlier.reason if isinstance(earlier, NotMeasurable) else ""
    return Change(missing(measurand, reason), None, days)


def assessment(patient: str = "P1", *, mass: bool = True, sized: bool = True, visits: int = 3, repeat: bool = True) -> Assessment:
    """Two deposits at baseline, a third at the second visit, and at the third visit D003 is gone; the last visit has a repeat."""
    fates = ((Fate.BASELINE,) * 2, (Fate.PERSISTENT, Fate.PERSISTENT, Fate.NEW), (Fate.PERSISTENT,) * 2)
    images = [image(patient, t, 0, fates[t - 1], mass=mass, sized=sized) for t in range(1, visits + 1)]
    if repeat:
        images.append(image(patient, visits, 1, fates[visits - 1], mass=mass, sized=sized))
    points, sums = [], [totals(len(f), mass=mass, sized=sized) for f in fates]
    for t in range(visits):
        since = {
            name: {m: _change(m, sums[t][m], sums[other][m], (DAYS[t] - DAYS[other]).days) for m in sums[t]} if t else {}
            for name, other in (("baseline", 0), ("previous", t - 1))
        }
        counted = {f: fates[t].count(f) for f in set(fates[t])} | ({Fate.RESOLVED: 1} if t == 2 else {})
        points.append(
            TimePointSummary(
                index=t + 1,
                date=DAYS[t],
                n_exposures=1 + (repeat and t == visits - 1),
                deposit_count=len(fates[t]),
                totals=sums[t],
                from_baseline=since["baseline"],
                from_previous=since["previous"],
                fates=counted,
            )
        )
    tracks = [DepositTrack(f"D00{i}", f"2.25.77{i}", {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT}) for i in (1, 2)]
    tracks.append(DepositTrack("D003", "2.25.773", {2: Fate.NEW, 3: Fate.RESOLVED}))
    return Assessment(
        assessment_id=f"{sum(map(ord, patient)):08x}",
        key=TimelineKey(patient, "HAND", "R", "PA", "DX"),
        images=tuple(images),
        failures=(),
        tracks=tuple(tracks),
        time_points=tuple(points),
        provenance=Provenance("calcitrack", "0.0.made", (Step("assess", {"made": True}, {}),)),
        findings=("a finding about the timeline",),
    )


def failure(patient: str, time_point: int) -> ImageFailure:
    """An exposure whose pixels are broken."""
    path = f"{patient}/broken{time_point}.dcm"
    error = DamagedFileError(path, "half of the pixel data", "all of them", "export the image again")

    def load() -> Radiograph:
        raise error

    return ImageFailure(Exposure(acquisition(patient, time_point, 1, sop=f"2.25.99{time_point}"), load, path), time_point, 1, error)


def files_of(*assessments: Assessment) -> tuple[FileRecord, ...]:
    """The file records that a scan would have made of the assessments' exposures, and a skipped report."""
    exposures = [x.exposure for a in assessments for x in (*a.images, *a.failures)]
    report = FileRecord("report.pdf", FileStatus.SKIPPED, "not an image")
    return (*(FileRecord(e.source, FileStatus.READ, "", e.acquisition) for e in exposures), report)


def cohort(*assessments: Assessment) -> CohortAssessment:
    """A cohort of the given assessments, or of one with and one without calibration."""
    chosen = assessments or (assessment("P1"), assessment("P2", mass=False, sized=False))
    return CohortAssessment(chosen, (), files_of(*chosen))


def write_pictures(folder: Path, patients: tuple[str, ...] = ("A",), visits: int = 2) -> Path:
    """Small PNG films with sidecars: a soft limb with a bone, and one dense spot that grows from visit to visit."""
    rows, columns = np.mgrid[:300, :240]
    for patient in patients:
        for visit in range(1, visits + 1):
            spot = np.hypot(rows - 150, columns - 170) < 4 + 2 * visit
            film = 500 + 300 * (abs(columns - 120) < 80) + 700 * (abs(columns - 120) < 20) + 500 * spot
            noise = np.random.default_rng(visit).normal(0, 3, film.shape)
            path = folder / patient / f"visit{visit}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((film + noise).astype(np.uint16)).save(path)
            sidecar = {
                "patient_id": patient,
                "acquisition_date": DAYS[visit - 1].isoformat(),
                "spacing_mm": [0.2, 0.2],
                "spacing_basis": "detector",
                "body_part": "HAND",
                "laterality": "R",
                "view": "PA",
                "photometric_interpretation": "MONOCHROME2",
            }
            path.with_suffix(".json").write_text(json.dumps(sidecar), encoding="utf-8")
    return folder


def with_loader(cohort: Cohort, patient: str, load: Callable[[], object]) -> Cohort:
    """The cohort, in which the first image of a patient is loaded by another function."""

    def changed(timeline: Timeline) -> Timeline:
        if timeline.key.patient_id != patient:
            return timeline
        first, *rest = timeline.time_points
        return replace(timeline, time_points=(replace(first, exposures=(replace(first.exposures[0], load=load),)), *rest))

    return replace(cohort, timelines=tuple(changed(t) for t in cohort.timelines))


def content(assessment: Assessment) -> str:
    """A digest of everything in an assessment, segmentations included: equal when every value is."""
    digests = {number: segmentation_digest(image.segmentation) for number, image in enumerate(assessment.images)}
    return document_digest(document_of(assessment, digests))


def verdict_step(deposit_id: str, before: str, after: str) -> review_steps.Change:
    """A review step in which a reader accepts or rejects a deposit on all images; an empty text is no verdict."""
    key = (deposit_id, review_steps.ALL_IMAGES)
    statement = review_steps.Statement(review_steps.StatementField.VERDICT, key, before, after)
    return review_steps.Change(f"{after or 'reopen'} {deposit_id}", 0, deposit_id, statements=(statement,))
