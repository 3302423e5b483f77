from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calcitrack.errors import CorrectionError
from calcitrack.io.cohort.corrections import MAX_BYTES, corrections_json, laid_over, read_corrections
from calcitrack.model.corrections import FilmCorrection, KnownLength

ALL = FilmCorrection(
    length=KnownLength((10.5, 20), (10.5, 220), 25.4),
    wedge_box=(5, 60, 7, 90),
    laterality="L",
    view="PA",
    date=dt.date(2021, 3, 1),
    excluded=(((1, 1), (1, 9), (9.5, 9)), ((20, 20), (20, 30), (30, 30), (30, 20))),
    crop=(0, 99, 0, 199),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """Law: a round trip changes nothing; films about which nothing is stated are left out."""
    file = tmp_path / "corrections.json"
    file.write_text(corrections_json({"2.25.1": ALL, str(tmp_path / "a.png"): FilmCorrection(view="AP"), "2.25.2": FilmCorrection()}))
    assert read_corrections(file) == {"2.25.1": ALL, str(tmp_path / "a.png"): FilmCorrection(view="AP")}


def test_a_path_is_one_beside_the_file(tmp_path: Path) -> None:
    """As in a manifest."""
    (tmp_path / "c.json").write_text('{"films": [{"film": "visit1/hand.dcm", "laterality": "left"}]}')
    assert read_corrections(tmp_path / "c.json") == {str(tmp_path / "visit1/hand.dcm"): FilmCorrection(laterality="L")}


def test_every_problem_is_told_with_its_film(tmp_path: Path) -> None:
    """All at once."""
    films = (
        '[{"film": "a", "side": "L"}, {"view": "PA"}, {"film": "b", "date": "May"}, {"film": "c", "length": {"mm": 3}}, {"film": "d"}, {"film": "d"}]'
    )
    (tmp_path / "c.json").write_text(f'{{"films": {films}}}')
    with pytest.raises(CorrectionError) as error:
        read_corrections(tmp_path / "c.json")
    for told in (
        "film 1: unknown key 'side'",
        "film 2: no SOP Instance UID",
        "film 3: Invalid isoformat",
        "film 4: a length is",
        "film 6: d stands twice",
    ):
        assert told in str(error.value)


def test_a_path_that_goes_up_is_the_place_it_leads_to(tmp_path: Path) -> None:
    """A file beside the folder of the films names them as well as one above it."""
    (tmp_path / "stated").mkdir()
    path = tmp_path / "stated" / "corrections.json"
    path.write_text('{"films": [{"film": "../films/a.dcm", "view": "PA"}]}', encoding="utf-8")
    assert list(read_corrections(path)) == [str((tmp_path / "films" / "a.dcm").resolve())]


@pytest.mark.parametrize(
    "stated",
    ['"crop": [0, 1e400, 0, 5]', '"crop": [0, 1000000000000, 0, 5]', '"wedge_box": [0, NaN, 0, 5]', '"exclude": [[[1e30, 0], [1, 1], [2, 0]]]'],
)
def test_places_that_no_film_has_are_refused(tmp_path: Path, stated: str) -> None:
    """Numbers without bounds neither end the program nor wrap around to some other place."""
    path = tmp_path / "corrections.json"
    path.write_text(f'{{"films": [{{"film": "1.2.3", {stated}}}]}}', encoding="utf-8")
    with pytest.raises(CorrectionError, match=r"film 1: .*at most 100000"):
        read_corrections(path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    """By its size alone, with the size that is allowed."""
    path = tmp_path / "corrections.json"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(CorrectionError, match=rf"found {MAX_BYTES + 1} bytes; expected at most {MAX_BYTES}"):
        read_corrections(path)


@pytest.mark.parametrize("text", ["", "[]", '{"films": 3}', '{"films": [], "more": 1}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """With what is expected."""
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(CorrectionError, match=r'expected a JSON object \{"films"'):
        read_corrections(tmp_path / "c.json")


def test_the_first_is_laid_over_the_second() -> None:
    """Film by film, and statement by statement."""
    found = laid_over({"a": FilmCorrection(view="PA")}, {"a": FilmCorrection(view="AP", laterality="R"), "b": ALL})
    assert found == {"a": FilmCorrection(view="PA", laterality="R"), "b": ALL}
