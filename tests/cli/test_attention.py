"""What may turn a measurement into its opposite is on the console, not only in images.csv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from rich.console import Console

from calcitrack import read_cohort
from calcitrack.cli.summary import MOST_FAILURES, Summary, summary_json, summary_text
from calcitrack.cli.timeline_line import TimelineLine
from calcitrack.io.results.writer import Written
from calcitrack.model.cohort import FileRecord
from calcitrack.model.film_quality import FilmDoubt, FilmProblem
from calcitrack.model.judgement import TimelineSeries
from calcitrack.model.timeline import TimelineKey

DX_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"


def write(path: Path, uid: str, **elements: object) -> None:
    """A small picture FOR PRESENTATION."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.file_meta.MediaStorageSOPClassUID = DX_PRESENTATION
    film.file_meta.MediaStorageSOPInstanceUID = uid
    stated = {
        "SOPClassUID": DX_PRESENTATION,
        "SOPInstanceUID": uid,
        "StudyInstanceUID": f"{uid}.1",
        "Modality": "DX",
        "PatientID": "P1",
        "StudyDate": "20240310",
        "AcquisitionDate": "20240310",
        "AcquisitionTime": "101500",
        "BodyPartExamined": "HAND",
        "ImageLaterality": "R",
        "ViewPosition": "PA",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": 8,
        "Columns": 8,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        **elements,
    }
    for keyword, value in stated.items():
        setattr(film, keyword, value)
    film.PixelData = np.arange(64, dtype=np.uint16).tobytes()
    film["PixelData"].VR = "OW"
    film.save_as(path, enforce_file_format=True)


def said(files: Iterable[FileRecord], folder: Path) -> tuple[str, dict[str, object]]:
    """The summary of these files, as text and as JSON."""
    summary = Summary(Written(folder, 1, 1, ()), (), tuple(files), ())
    return " ".join(summary_text(summary, Console(width=200)).split()), json.loads(summary_json(summary))


def test_a_sign_that_contradicts_the_picture_is_at_the_end_of_the_summary(tmp_path: Path) -> None:
    """One line for each contradiction, with the first film that has it and how many more do; nothing where none is."""
    write(tmp_path / "a.dcm", "1.2.1", PixelIntensityRelationshipSign=1)
    write(tmp_path / "b.dcm", "1.2.2", PixelIntensityRelationshipSign=1)
    write(tmp_path / "c.dcm", "1.2.3", PixelIntensityRelationshipSign=-1)
    text, machine = said(read_cohort(tmp_path).files, tmp_path)
    assert text.endswith(
        f"Needs your attention {tmp_path / 'a.dcm'} and 1 more file: MONOCHROME2 and Pixel Intensity Relationship Sign 1 disagree on which end "
        "is dense; MONOCHROME2 is used"
    )
    assert [len(a["files"]) for a in machine["attention"]] == [2]
    text, machine = said(read_cohort(tmp_path / "c.dcm").files, tmp_path)
    assert "attention" not in text
    assert machine["attention"] == []


def test_another_picture_under_one_uid_is_told(tmp_path: Path) -> None:
    """It is skipped, and one of the two was altered; a copy of the same bytes needs nobody's attention."""
    write(tmp_path / "a.dcm", "1.2.1")
    write(tmp_path / "b.dcm", "1.2.1", Columns=4, Rows=16)
    (tmp_path / "c.dcm").write_bytes((tmp_path / "a.dcm").read_bytes())
    text, machine = said(read_cohort(tmp_path).files, tmp_path)
    (told,) = machine["attention"]
    assert told["files"] == [str(tmp_path / "b.dcm")]
    assert f"duplicate: the SOP Instance UID of {tmp_path / 'a.dcm'}, but other bytes: one of the two was altered" in text


def shown(folder: Path, doubts: Sequence[tuple[str, FilmDoubt]], misplaced: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The lines under *Needs your attention* of one timeline with these doubts."""
    key = TimelineKey("P1", "HAND", "R", "PA", "DX")
    line = TimelineLine(key, (), (), (), TimelineSeries(key, "a", ()), doubts=tuple(doubts), misplaced=tuple(misplaced))
    text = summary_text(Summary(Written(folder, 1, 1, ()), (line,), (), ()), Console(width=2000))
    return [said.strip() for said in text.partition("Needs your attention")[2].splitlines() if said.strip()]


def test_the_list_never_hides_the_most_serious_line_on_a_film(tmp_path: Path) -> None:
    """Twelve films that are turned, then one that is blurred: its line is there, and a turned one's is not."""
    turned = [(f"turned-{k}.dcm", f"lies turned by about {k} degrees") for k in range(12)]
    blurred = FilmDoubt(FilmProblem.BLURRED, "0.5 times the contrast of those on the film of 2021-03-08")
    lines = shown(tmp_path, [("blurred.dcm", blurred)], turned)
    assert f"blurred.dcm: {blurred.words}" in lines
    assert len(lines) == MOST_FAILURES + 1
    assert lines[-1] == "and 3 more in images.csv"


def test_many_films_of_one_fault_are_one_line(tmp_path: Path) -> None:
    """Each is named, up to ten."""
    films = [f"film-{k:02}.dcm" for k in range(13)]
    grainy = [(f, FilmDoubt(FilmProblem.GRAINY, f"{2 + k} times the contrast")) for k, f in enumerate(films)]
    uneven = [(f, FilmDoubt(FilmProblem.UNEVEN, f"{k} nepers")) for k, f in enumerate(films[:3])]
    lines = shown(tmp_path, [*grainy, *uneven])
    assert lines[0] == f"{', '.join(films[:3])}: {uneven[0][1].general}"
    assert lines[1:] == [f"{', '.join(films[:10])} and 3 more files: {grainy[0][1].general}"]
    few = shown(tmp_path, grainy[:2])
    assert few == [f"{f}: {d.words}" for f, d in grainy[:2]]
