"""Target registration error at the true places of deposits, against what else could be used, in one run.

    OMP_NUM_THREADS=1 python benchmarks/registration.py SET [--only calcitrack ecc ...] [--patients 6]

SET holds ``truth/`` as `calcitrack phantom --out` writes it: index.csv, and for each film its facts and a label map of its deposits.
Every visit is registered onto the first. The target of a deposit is the centroid of its shadow at both visits; the error is the distance between
where the map carries the first and where the second lies, mm at the detector. A deposit that grows on one side moves its centroid without any error
of registration, so the first columns count deposits whose area changed by less than 10 %; the last count all. Deposits that the program finds
(not the true ones) are masked out wherever a method knows masks. The peers get the attenuation picture at 0.25 mm, 0 ... 255, on one thread, with the
settings of their examples; itk-elastix with its default rigid, affine and B-spline maps. Needs the dependency group ``peers``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from calcitrack import Radiograph, Segmentation, calibrate, read_radiograph, segment
from calcitrack.calibrate.intensity import attenuation
from calcitrack.register import Scene, see
from calcitrack.register.align import align
from calcitrack.register.scene import SCENE_MM

UNCHANGED = 0.10
"""Relative change of area below which a deposit's centroid is taken as one place of its tissue."""
LEVELS = (4, 2, 1)
"""Shrink factors of the peers that go from coarse to fine."""
SEED = 1


@dataclass(frozen=True, eq=False)
class Film:
    """What every method may use: the picture at 0.25 mm, 0 ... 255, without deposits' pixels where `mask` is 0; and what calcitrack makes of it."""

    picture: np.ndarray
    mask: np.ndarray
    scene: Scene
    centroids: dict[int, tuple[float, float, float]]
    pitch_mm: float


Map = Callable[[np.ndarray], np.ndarray]
"""Positions (n, 2), row and column of the 0.25 mm picture, at baseline -> the same on the follow-up."""


def films(folder: Path, patients: int | None) -> Iterator[tuple[str, str, Film]]:
    """(patient, stem, film) in the order of the index, without people who have no deposits or one film."""
    with (folder / "truth" / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    several = sorted({r["patient"] for r in rows if sum(o["patient"] == r["patient"] for o in rows) > 1})[:patients]
    for row in sorted(rows, key=lambda r: (r["patient"], r["stem"])):
        if row["patient"] in several:
            yield row["patient"], row["stem"], film(folder, row)


def film(folder: Path, row: dict[str, str]) -> Film:
    """Read, segment and reduce one film."""
    radiograph = calibrate(read_radiograph(folder / row["path"]))
    found = segment(radiograph)
    stem = folder / "truth" / row["patient"] / row["stem"]
    facts = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    areas = {d["id"]: d["area_object_mm2"] for d in facts["deposits"]}
    labels = cv2.imread(str(stem.with_suffix(".label.png")), cv2.IMREAD_UNCHANGED)
    centroids = {}
    for number in np.unique(labels[labels > 0]).tolist():
        rows, columns = np.nonzero(labels == number)
        centroids[number] = (float(rows.mean()), float(columns.mean()), float(areas[number]))
    picture, mask = reduced(radiograph, found)
    scene = see(found, radiograph.spacing, attenuation(radiograph), radiograph.valid_mask)
    return Film(picture, mask, scene, centroids, facts["pitch_mm"])


def reduced(radiograph: Radiograph, found: Segmentation) -> tuple[np.ndarray, np.ndarray]:
    """Attenuation at 0.25 mm as 8 bit, and a mask without deposits."""
    pixel_mm = radiograph.spacing.mean_mm
    assert pixel_mm is not None  # noqa: S101 - simulated films state their pixel
    size = tuple(round(n * pixel_mm / SCENE_MM) for n in radiograph.shape[::-1])
    values = cv2.resize(attenuation(radiograph), size, interpolation=cv2.INTER_AREA)
    low, high = np.percentile(values, [1, 99.8])
    deposit = cv2.resize((found.labels > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    grown = cv2.dilate(deposit.astype(np.uint8), np.ones((5, 5), np.uint8))
    return (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.float32), (1 - grown).astype(np.uint8)


def by_calcitrack(fixed: Film, moving: Film) -> Map:
    """Bone by bone; places that are not ok are refused, not wrong."""
    found = align(fixed.scene, moving.scene)
    a, b = fixed.scene.step, moving.scene.step

    def carry(positions: np.ndarray) -> np.ndarray:
        at = (positions + 0.5) * a - 0.5
        moved = (found.to_image(at) + 0.5) / b - 0.5
        return np.where(found.ok_at(at)[:, None], moved, np.nan)

    return carry


def by_nothing(_fixed: Film, _moving: Film) -> Map:
    """The films laid on each other by their corners."""
    return lambda positions: positions


def by_phase(fixed: Film, moving: Film) -> Map:
    """OpenCV phase correlation: a shift."""
    shape = np.maximum(fixed.picture.shape, moving.picture.shape)
    a, b = (np.pad(f.picture, [(0, n - m) for n, m in zip(shape, f.picture.shape, strict=True)]) for f in (fixed, moving))
    (x, y), _ = cv2.phaseCorrelate(a.astype(np.float64), b.astype(np.float64), cv2.createHanningWindow(a.shape[::-1], cv2.CV_64F))
    return lambda positions: positions + np.array([y, x])


def by_ecc(fixed: Film, moving: Film) -> Map:
    """OpenCV enhanced correlation, affine, over three levels of a pyramid."""
    warp = np.eye(2, 3, dtype=np.float32)
    for factor in LEVELS:
        a, b, mask = (
            cv2.resize(i, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA) for i in (fixed.picture, moving.picture, moving.mask)
        )
        warp[:, 2] /= factor
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-5)
        warp = np.asarray(cv2.findTransformECC(a, b, warp, cv2.MOTION_AFFINE, criteria, mask, 5)[1])
        warp[:, 2] *= factor
    return lambda positions: (positions[:, ::-1] @ warp[:, :2].T + warp[:, 2])[:, ::-1]


def by_sift(fixed: Film, moving: Film) -> Map:
    """OpenCV SIFT features, ratio test 0.75, similarity by RANSAC."""
    sift = cv2.SIFT_create()
    (a, da), (b, db) = (sift.detectAndCompute(f.picture.astype(np.uint8), f.mask) for f in (fixed, moving))
    pairs = [m for m, n in cv2.BFMatcher().knnMatch(da, db, k=2) if m.distance < 0.75 * n.distance]
    source, target = (
        np.array([points[i].pt for i in which]) for points, which in ((a, [m.queryIdx for m in pairs]), (b, [m.trainIdx for m in pairs]))
    )
    cv2.setRNGSeed(SEED)
    warp, _ = cv2.estimateAffinePartial2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=4.0)
    if warp is None:
        raise ValueError("too few features agree")
    return lambda positions: (positions[:, ::-1] @ warp[:, :2].T + warp[:, 2])[:, ::-1]


def by_simpleitk(fixed: Film, moving: Film, *, splines: bool) -> Map:
    """SimpleITK, Mattes mutual information: affine from the moments, then B-splines every 20 mm if asked for."""
    import SimpleITK as sitk  # noqa: N813 - its own custom

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    a, b, mask_a, mask_b = (sitk.GetImageFromArray(i) for i in (fixed.picture, moving.picture, fixed.mask, moving.mask))
    start = sitk.CenteredTransformInitializer(a, b, sitk.AffineTransform(2), sitk.CenteredTransformInitializerFilter.MOMENTS)

    def method() -> sitk.ImageRegistrationMethod:
        made = sitk.ImageRegistrationMethod()
        made.SetMetricAsMattesMutualInformation(50)
        made.SetMetricSamplingStrategy(made.RANDOM)
        made.SetMetricSamplingPercentage(0.1, SEED)
        made.SetMetricFixedMask(mask_a)
        made.SetMetricMovingMask(mask_b)
        made.SetInterpolator(sitk.sitkLinear)
        made.SetShrinkFactorsPerLevel(LEVELS)
        made.SetSmoothingSigmasPerLevel([2, 1, 0])
        return made

    first = method()
    first.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 200)
    first.SetOptimizerScalesFromPhysicalShift()
    first.SetInitialTransform(start, inPlace=True)
    first.Execute(a, b)
    transform = sitk.CompositeTransform([start])
    if splines:
        mesh = [max(1, round(n * SCENE_MM / 20)) for n in a.GetSize()]
        bent = sitk.BSplineTransformInitializer(a, mesh, 3)
        second = method()
        second.SetOptimizerAsLBFGSB(numberOfIterations=100)
        second.SetMovingInitialTransform(start)
        second.SetInitialTransform(bent, inPlace=True)
        second.Execute(a, b)
        transform = sitk.CompositeTransform([start, bent])
    return lambda positions: np.array([transform.TransformPoint((float(c), float(r)))[::-1] for r, c in positions])


def by_elastix(fixed: Film, moving: Film) -> Map:
    """itk-elastix with its default maps: rigid, affine, B-spline."""
    import itk

    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(1)
    a, b = (itk.image_from_array(np.ascontiguousarray(f.picture)) for f in (fixed, moving))
    masks = [itk.image_from_array(np.ascontiguousarray(f.mask)) for f in (fixed, moving)]
    settings = itk.ParameterObject.New()
    for name in ("rigid", "affine", "bspline"):
        chosen = settings.GetDefaultParameterMap(name, 4)
        chosen["RandomSeed"] = [str(SEED)]
        settings.AddParameterMap(chosen)
    _, found = itk.elastix_registration_method(a, b, parameter_object=settings, fixed_mask=masks[0], moving_mask=masks[1], log_to_console=False)
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):  # transformix writes deformationField.nii into the working folder
        field = itk.array_from_image(itk.transformix_deformation_field(a, found))

    def carry(positions: np.ndarray) -> np.ndarray:
        x, y = (
            cv2.remap(np.ascontiguousarray(field[..., k]), *(positions[:, k].astype(np.float32) for k in (1, 0)), cv2.INTER_LINEAR) for k in (0, 1)
        )
        return positions + np.stack([y.ravel(), x.ravel()], axis=1)

    return carry


METHODS: dict[str, Callable[[Film, Film], Map]] = {
    "calcitrack": by_calcitrack,
    "none": by_nothing,
    "phase": by_phase,
    "ecc": by_ecc,
    "sift": by_sift,
    "sitk-affine": lambda fixed, moving: by_simpleitk(fixed, moving, splines=False),
    "sitk-bspline": lambda fixed, moving: by_simpleitk(fixed, moving, splines=True),
    "elastix": by_elastix,
}


@dataclass
class Score:
    """Errors in mm of deposits whose area stayed, of all, seconds of each pair, pairs without a result, and places refused."""

    stayed: list[float]
    every: list[float]
    seconds: list[float]
    failed: int = 0
    refused: int = 0

    def add(self, method: Callable[[Film, Film], Map], fixed: Film, moving: Film) -> None:
        """Register one pair."""
        shared = sorted(set(fixed.centroids) & set(moving.centroids))
        start = time.perf_counter()
        try:
            carry = method(fixed, moving)
        except (cv2.error, RuntimeError, ValueError):
            self.failed += 1
            return
        self.seconds.append(time.perf_counter() - start)
        if not shared:
            return
        before, after = (np.array([f.centroids[k] for k in shared]) for f in (fixed, moving))
        source, target = ((c[:, :2] + 0.5) / f.scene.step - 0.5 for c, f in ((before, fixed), (after, moving)))
        error = np.hypot(*((carry(source) - target) * np.array(moving.scene.step) * moving.pitch_mm).T)
        known = np.isfinite(error)
        self.refused += int((~known).sum())
        self.every += error[known].tolist()
        self.stayed += error[known & (np.abs(after[:, 2] / before[:, 2] - 1) < UNCHANGED)].tolist()


def main() -> None:
    """Register every follow-up by every method and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--patients", type=int)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scores = {name: Score([], [], []) for name in arguments.only}
    baseline: tuple[str, Film] | None = None
    pairs = 0
    for patient, _, one in films(arguments.set, arguments.patients):
        if baseline is None or baseline[0] != patient:
            baseline = (patient, one)
            continue
        pairs += 1
        for name, score in scores.items():
            score.add(METHODS[name], baseline[1], one)
    print(f"{pairs} pairs; errors in mm")
    head = ("method", "n", "median", "90 %", "max", "n all", "median", "90 %", "failed", "refused", "s a pair")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for name, s in scores.items():
        seconds = f"{np.median(s.seconds):.2f}" if s.seconds else "-"
        print(f"| {name} | {spread(s.stayed, [50, 90, 100])} | {spread(s.every, [50, 90])} | {s.failed} | {s.refused} | {seconds} |")


def spread(errors: list[float], percent: list[int]) -> str:
    """Number of errors and their percentiles as cells."""
    values = np.percentile(errors, percent) if errors else [np.nan] * len(percent)
    return " | ".join([str(len(errors)), *(f"{v:.2f}" for v in values)])


if __name__ == "__main__":
    main()
