from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calcitrack.errors import CorrectionError
from calcitrack.io.corrections import corrections_json, laid_over, read_corrections
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
