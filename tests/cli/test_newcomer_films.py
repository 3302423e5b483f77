"""What people hand over on the first day: films that are no follow-up, spoilt ones, and both hands on one plate; the console says what is wrong.

The films are two exposures of one simulated hand at one visit. The second is spoiled, and dated later: nothing changed in truth.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.exits import ExitCode
from calcitrack.io.phantom.dicom import phantom_dataset
from calcitrack.io.workspace import Workspace
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import SimulatedFilm, simulate
from calcitrack.phantom.specs import BodyPart, Style

pytestmark = pytest.mark.slow
Stored = NDArray[np.uint16]
FIRST = dt.date(2021, 3, 1)
QUALITY = 60
"""Of a JPEG."""


def exposures(seed: int, part: BodyPart = BodyPart.HAND) -> list[SimulatedFilm]:
    """Two exposures of a small child at one visit."""
    rng = np.random.default_rng([seed, 41])
    patient = random_patient(rng, Population(body_part=part, burden="severe", age_years=(4.0, 6.0)), "NEW")
    plain = Exposures(style=Style.LIN, pitch_mm=(0.2, 0.2), rotation_deg=5.0, distractors=0.0, wedge=False, cut=0.0, repeat_last=True, steady=True)
    return [simulate(patient, visit) for visit in random_visits(rng, patient, 1, plain)]


class Films:
    """Writes films of several patients into a folder, a month apart."""

    def __init__(self, folder: Path, film: SimulatedFilm) -> None:
        self.folder, self.film, self.count, self.rows = folder, film, 0, ["path,sides"]

    def add(
        self, patient: str, name: str, pixels: Stored, *, film: SimulatedFilm | None = None, uid: str = "", sides: str = "", part: str = "HAND"
    ) -> Path:
        """One film, with the header of the simulated hand, or of another exposure of it."""
        self.count += 1
        dataset = phantom_dataset(film or self.film)
        dataset.PatientID, dataset.BodyPartExamined = patient, part
        day = f"{FIRST + dt.timedelta(days=30 * self.count):%Y%m%d}"
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            if keyword in dataset:
                setattr(dataset, keyword, day)
        for k, keyword in enumerate(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")):
            setattr(dataset, keyword, f"2.25.{9 + k}{self.count}")
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid or dataset.SOPInstanceUID
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.PixelData = np.ascontiguousarray(pixels, np.uint16).tobytes()
        path = self.folder / f"{name}.dcm"
        dataset.save_as(path)
        if sides:
            self.rows.append(f"{path.name},{sides}")
        return path

    def add_photograph(self, patient: str, pixels: Stored) -> None:
        """A picture taken with a telephone, in colour."""
        grey = eight_bits(pixels)
        picture = np.stack([grey, grey, np.minimum(grey, 200)], axis=-1)
        cv2.imwrite(str(self.folder / "photograph.png"), picture)
        self._sidecar(patient, "photograph")

    def add_jpeg(self, patient: str, name: str, pixels: Stored) -> None:
        """A picture as a viewer saves it, bone white."""
        (self.folder / f"{name}.jpg").write_bytes(jpeg(negative(pixels)))
        self._sidecar(patient, name, spacing_mm=self.film.visit.field.pitch_mm)

    def _sidecar(self, patient: str, name: str, **more: object) -> None:
        facts = {
            "patient_id": patient,
            "acquisition_date": "2022-01-01",
            "body_part": "HAND",
            "laterality": self.film.patient.laterality,
            "view": "PA",
            **more,
        }
        (self.folder / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")


def eight_bits(pixels: Stored) -> NDArray[np.uint8]:
    """The whole range in 256 steps."""
    low, high = (float(v) for v in np.percentile(pixels, (0.1, 99.9)))
    return np.asarray(255 * np.clip((pixels - low) / (high - low), 0, 1), np.uint8)


def jpeg(pixels: Stored) -> bytes:
    """As a program saves it whose author thinks of photographs."""
    stream = io.BytesIO()
    Image.fromarray(eight_bits(pixels)).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def as_lossy(path: Path, pixels: Stored) -> None:
    """Compress a written film as some archives do."""
    dataset: Dataset = dcmread(path)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([jpeg(pixels)])
    dataset["PixelData"].VR = "OB"
    dataset.LossyImageCompression = "01"
    dataset.save_as(path)


def negative(pixels: Stored) -> Stored:
    """As somebody inverts a film for a talk."""
    return np.asarray(int(pixels.max()) + int(pixels.min()) - pixels.astype(int), np.uint16)


@dataclass(frozen=True)
class Run:
    """A run of ``calcitrack measure``: the folder of films, that of the results, what the console said, 250 columns wide, and the exit code."""

    films: Path
    results: Path
    said: str
    exit_code: int

    @property
    def attention(self) -> str:
        """The end of what the console says, on one line."""
        return " ".join(self.said.partition("Needs your attention")[2].split())

    def totals(self, patient: str, since: str = "baseline") -> pd.DataFrame:
        """Every judged change of a patient's totals."""
        changes = pd.read_csv(self.results / "changes.csv")
        return changes[(changes.patient_id == patient) & (changes.subject == "total") & (changes.since == since)]

    def verdicts(self) -> set[str]:
        """Every verdict on a total."""
        trends = pd.read_csv(self.results / "trends.csv")
        return set(trends[trends.subject == "total"].verdict.dropna())


def measured(films: Films, *options: str) -> Run:
    """Measure all films of the folder."""
    manifest = films.folder / "manifest.csv"
    manifest.write_text("\n".join(films.rows), encoding="utf-8")
    out = films.folder.parent / "results"
    arguments = ["measure", str(films.folder), "--manifest", str(manifest), "--out", str(out), "--workers", "1", *options]
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "250", "NO_COLOR": "1", "TERM": "dumb"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return Run(films.folder, out, done.output, done.exit_code)


@pytest.fixture(scope="module")
def hand() -> tuple[SimulatedFilm, Stored, Stored]:
    """A film for its header, and both exposures without the air around the hand."""
    first, second = exposures(3)
    one, other = (_collimated(f) for f in (first, second))
    return first, one, other


def _collimated(film: SimulatedFilm) -> Stored:
    rows, columns = (np.flatnonzero(film.bone.any(axis=axis)) for axis in (1, 0))
    return film.encoded.pixels[max(0, rows[0] - 60) : rows[-1] + 60, max(0, columns[0] - 60) : columns[-1] + 60]


def films_in(folder: Path, film: SimulatedFilm) -> Films:
    """Room for films below a folder of a test."""
    (folder / "films").mkdir()
    return Films(folder / "films", film)


def test_films_that_are_no_follow_up_give_no_value(hand: tuple[SimulatedFilm, Stored, Stored], tmp_path: Path) -> None:
    """A negative, another part, a breast, a photograph, another picture under the same UID, the same picture under another."""
    header, one, other = hand
    films = films_in(tmp_path, header)
    films.add("REFUSED", "first", one, uid="2.25.1")
    films.add("REFUSED", "inverted", negative(other))
    films.add("REFUSED", "same-uid", other, uid="2.25.1")
    films.add("REFUSED", "same-pixels", one)
    films.add("REFUSED", "knee", exposures(5, BodyPart.KNEE)[0].encoded.pixels)
    films.add("REFUSED", "breast", other, part="BREAST")
    films.add_photograph("REFUSED", other)
    run = measured(films)
    changes, responses = pd.read_csv(run.results / "changes.csv"), pd.read_csv(run.results / "responses.csv")
    assert changes.relative.isna().all()
    assert not set(changes.exceeds_sdc) & {"yes", "no"}
    assert responses[["best", "last"]].isna().all(axis=None)
    assert run.verdicts() <= {"undetermined"}
    assert run.exit_code == ExitCode.PARTLY
    told = run.attention
    folder = films.folder
    for name, words in {
        "inverted.dcm": "not measured: found that the picture is a negative of what its header says",
        "breast.dcm": "not measured: found that the header states a breast",
        "photograph.png": "not measured: found a colour picture",
        "same-uid.dcm": f"not measured: duplicate: the SOP Instance UID of {folder / 'first.dcm'}, but other bytes",
        "same-pixels.dcm": f"found the pixels of {folder / 'first.dcm'}",
    }.items():
        assert f"{folder / name}: {words}" in told


FOLLOW_UPS = ("plain", "cropped", "turned-90", "turned-180", "lossy", "burnt-out", "mirrored")
"""In order of their visits, from the second on."""
COMPARED = ("plain", "cropped", "turned-90", "turned-180", "mirrored")
WORDS = {
    "cropped.dcm": "does not show all deposits that other visits show",
    "of-another.dcm": "on the timeline of SOMEBODY / HAND / R / PA, it holds the pixels of",
    "turned-90.dcm": "lies turned by about 90 degrees against the baseline",
    "turned-180.dcm": "lies turned by about 180 degrees against the baseline",
    "picture.jpg, {folder}/lossy.dcm": "heavy lossy compression, whose blocks show in the picture; tier C: no absolute mass",
    "burnt-out.dcm": "much of the limb has the least or the greatest value that the picture can hold",
    "mirrored.dcm": "lies on the baseline only as its mirror image",
    "picture.jpg": "a lossy picture",
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A first film, and the second exposure as it is and spoilt, a month apart each; and the second one as a picture without a header."""
    first, second = exposures(3)
    one, other = _collimated(first), _collimated(second)
    films = films_in(tmp_path_factory.mktemp("followed"), first)
    films.add("PRACTICE", "first", one)
    films.add("SOMEBODY", "of-another", one)
    pixels = {
        "plain": other,
        "cropped": other[: int(0.55 * len(other))],
        "turned-90": np.rot90(other),
        "turned-180": np.rot90(other, 2),
        "lossy": other,
        "burnt-out": np.maximum(other, np.percentile(other, 20).astype(np.uint16)),
        "mirrored": other[:, ::-1],
    }
    paths = {name: films.add("PRACTICE", name, pixels[name], film=second) for name in FOLLOW_UPS}
    as_lossy(paths["lossy"], other)
    films.add_jpeg("PRACTICE", "picture", other)
    return measured(films)


@pytest.mark.parametrize("name", COMPARED)
def test_a_film_that_shows_the_same_is_no_change(followed: Run, name: str) -> None:
    """Nothing changed: every interval on masses and areas of all films together holds zero, and nothing is beyond what can be detected."""
    changes = followed.totals("PRACTICE")
    mine = changes[changes.to_time_point == FOLLOW_UPS.index(name) + 2]
    assert set(mine.exceeds_sdc) == {"no"}
    together = mine[mine.measurand.str.contains("joint")]
    assert len(together) == 3
    assert (together.absolute_low <= 0).all()
    assert (together.absolute_high >= 0).all()
    assert (together.relative.abs() < 0.2).all()


@pytest.mark.parametrize("name", ["lossy", "burnt-out"])
def test_a_film_of_another_quality_is_not_compared(followed: Run, name: str) -> None:
    """It has values of its own, and no change of any kind."""
    changes = followed.totals("PRACTICE")
    mine = changes[changes.to_time_point == FOLLOW_UPS.index(name) + 2]
    assert len(mine)
    assert mine[["absolute", "relative", "exceeds_sdc"]].isna().all(axis=None)
    assert mine.reason.str.contains("compress|burnt out").all()


@pytest.mark.parametrize("name", ["turned-90", "turned-180"])
def test_a_turned_film_is_measured_as_if_it_lay_upright(followed: Run, name: str) -> None:
    """Every value of the film by itself is that of the film as it was, to the digits of the table."""
    visits = pd.read_csv(followed.results / "timeline.csv")
    visits = visits[visits.modality == "DX"].set_index("time_point")
    plain, turned = (visits.loc[FOLLOW_UPS.index(n) + 2] for n in ("plain", name))
    assert plain.deposit_count
    for column in ("deposit_count", "area_mm2", "ha_mass_mg", "ha_mass_mg_sd"):
        assert turned[column] == pytest.approx(plain[column], rel=1e-6), column


def test_spoilt_films_are_told_and_nothing_is_concluded(followed: Run) -> None:
    """One line each under *Needs your attention*; everything was measured; a picture is tier C, and on a timeline of its own."""
    assert followed.exit_code == ExitCode.DONE
    assert followed.verdicts() <= {"undetermined"}
    for name, words in WORDS.items():
        assert f"{followed.films / name.format(folder=followed.films)}: {words}" in followed.attention
    assert f"{followed.films / 'plain.dcm'}" not in followed.attention
    images = pd.read_csv(followed.results / "images.csv")
    assert set(images[images.path.str.contains("picture.jpg|lossy.dcm")].calibration_tier) == {"C"}
    responses = pd.read_csv(followed.results / "responses.csv")
    assert set(responses["last"].dropna()) <= {"stable"}


def gamma(pixels: Stored, power: float) -> Stored:
    """A grey curve under a header that states linear values."""
    top = float(pixels.max())
    return np.asarray(top * (pixels / top) ** power, np.uint16)


def stored(values: NDArray[np.float64]) -> Stored:
    """What a file can hold of them."""
    return np.asarray(np.clip(values, 0, 2**14 - 1), np.uint16)


def smoothed(pixels: Stored, sigma_mm: float) -> Stored:
    """As a workstation takes noise away, or a hand that trembled does."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_mm / 0.2), np.uint16)


UNLIKE: dict[str, tuple[Callable[[Stored], Stored], str]] = {
    "curve": (lambda p: gamma(p, 0.5), "its grey values do not follow those of another film of the timeline"),
    "cast": (lambda p: np.asarray(p * np.where(np.arange(len(p)) < len(p) // 2, 1.0, 0.4)[:, None], np.uint16), "a part of it is denser or brighter"),
    "uneven": (lambda p: np.asarray(p * np.linspace(1.0, 0.35, len(p))[:, None], np.uint16), "a part of it is denser or brighter"),
    "smoothed": (lambda p: smoothed(p, 0.6), "it is less sharp than another film of the timeline"),
    "noisy": (lambda p: stored(p + np.random.default_rng(1).normal(0, 0.06 * p.max(), p.shape)), "its fine details are stronger"),
    "sharpened": (lambda p: stored(p + 1.5 * (p - smoothed(p, 0.5).astype(float))), "its fine details are stronger"),
}
"""Patient -> how the second film is spoilt, and what is said of it."""


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """For each patient of `UNLIKE` a first film, and the second exposure spoilt; nothing changed but the picture."""
    first, second = exposures(3)
    one, other = _collimated(first), _collimated(second)
    films = films_in(tmp_path_factory.mktemp("unlike"), first)
    for patient, (spoil, _) in UNLIKE.items():
        films.add(patient, f"{patient}-first", one)
        films.add(patient, f"{patient}-second", spoil(other), film=second)
    return measured(films)


@pytest.mark.parametrize("patient", UNLIKE)
def test_a_follow_up_of_another_kind_is_told_and_not_compared(unlike: Run, patient: str) -> None:
    """Nothing is said to have changed, and a line names the fault and the film beside which it shows."""
    changes = unlike.totals(patient)
    assert len(changes)
    assert changes[["absolute", "relative"]].isna().all(axis=None)
    assert not set(changes.exceeds_sdc) & {"yes", "no"}
    assert unlike.verdicts() <= {"undetermined"}
    rows = pd.read_csv(unlike.results / "timeline.csv")
    last = rows[(rows.patient_id == patient) & (rows.time_point == 2)].iloc[0]
    assert (last.n_new, last.n_resolved) == (0, 0)
    every = re.split(r"\n  (?=/)", unlike.said.partition("Needs your attention")[2])
    said = [" ".join(line.split()) for line in every if f"{unlike.films}/{patient}-second.dcm" in line]
    assert any(UNLIKE[patient][1] in line and "not compared with the other films" in line for line in said), said


def test_both_hands_on_one_plate(hand: tuple[SimulatedFilm, Stored, Stored], tmp_path: Path) -> None:
    """With the sides stated each hand has its own timeline, outlines and record; without, the film is refused with the line to write."""
    header, one, other = hand
    films = films_in(tmp_path, header)
    rows = min(len(one), len(other))
    for k, shown in enumerate((one, other)):
        both = np.hstack([shown[:rows], shown[:rows, ::-1]])
        films.add("BOTH", f"both-{k}", both, sides="R L")
    films.add("UNTOLD", "untold", both)
    run = measured(films, "--workspace", str(tmp_path / "workspace"))
    results = run.results
    images = pd.read_csv(results / "images.csv")
    read = images[images.status == "read"]
    assert sorted(zip(read.path.map(lambda p: Path(p).name), read.laterality, strict=True)) == [
        ("both-0.dcm", "L"), ("both-0.dcm", "R"), ("both-1.dcm", "L"), ("both-1.dcm", "R"),
    ]  # fmt: skip
    deposits = pd.read_csv(results / "deposits.csv").dropna(subset=["centroid_col"])
    middle = min(one.shape[1], other.shape[1])
    assert (deposits[deposits.laterality == "R"].centroid_col < middle + 60).all()
    assert (deposits[deposits.laterality == "L"].centroid_col > middle - 60).all()
    assert len(list((results / "seg").glob("*_R.dcm"))) == len(list((results / "seg").glob("*_L.dcm"))) == 2
    assert "the line `untold.dcm,R L` where the right one lies at the left of the picture" in run.attention
    assert f"{films.folder / 'both-0.dcm'} and 1 more file: two limbs in one picture, each followed by itself" in run.attention
    with Workspace.open(tmp_path / "workspace") as workspace:
        for recorded in (r for r in workspace.assessments() if r.key.patient_id == "BOTH"):
            first = workspace.assessment(recorded.assessment_id).images[0]
            again = first.exposure.radiograph()
            assert first.exposure.image_id.endswith("limb 1" if recorded.key.laterality == "R" else "limb 2")
            assert again.acquisition.laterality == recorded.key.laterality
            assert not again.valid_mask[first.segmentation.labels == 0].all()
            assert again.valid_mask[first.segmentation.labels > 0].all()
