from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calcitrack.errors import CourseError
from calcitrack.io.cohort.course_files import CourseFiles, find_course_files, read_courses, read_labs, read_treatments, write_labs, write_treatments
from calcitrack.model.course import LabFlag, LabResult, Treatment

TREATMENTS = """patient_id,name,start,stop,dose,unit,route
P1,prednisolone,2022-01-01,2022-02-28,20,mg/d,oral
P1,prednisolone,2022-03-01,2022-04-30,10,mg/d,oral
P1,prednisolone,2022-05-01,,5,mg/d,oral
P1,abatacept,2022-06-15,ongoing,,,iv
P9,abatacept,2022-06-15,,,,
"""
LABS = """date,patient_id,name,value,unit,low,high
2022-01-03,P1,LDH,410,U/l,120,300
2022-01-03,P1,aldolase,5.2,U/l,,7.6
"""


def written(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_tapered_drug_is_one_period_of_several_doses(tmp_path: Path) -> None:
    """Three rows of prednisolone one after the other start once; what goes on has no end."""
    files = CourseFiles((written(tmp_path, "treatments.csv", TREATMENTS),), (written(tmp_path, "labs.csv", LABS),))
    course = read_courses(files, ["P1", "P2"]).of("P1")
    assert [(p.name, p.start, p.stop, len(p.doses)) for p in course.periods] == [
        ("prednisolone", dt.date(2022, 1, 1), None, 3),
        ("abatacept", dt.date(2022, 6, 15), None, 1),
    ]
    assert [(t.dose, t.unit, t.route) for t in course.treatments[:2]] == [(20, "mg/d", "oral"), (10, "mg/d", "oral")]
    assert [(r.name, r.value, r.flag) for r in course.labs] == [("LDH", 410, LabFlag.HIGH), ("aldolase", 5.2, LabFlag.WITHIN)]


def test_a_drug_that_was_stopped_for_long_starts_anew(tmp_path: Path) -> None:
    """Half a year without it makes two periods."""
    text = "patient_id,name,start,stop\nP1,abatacept,2021-01-01,2021-03-01\nP1,abatacept,2021-09-01,\n"
    rows = read_treatments(written(tmp_path, "t.csv", text))
    assert [r.ongoing for r in rows] == [False, True]
    course = read_courses(CourseFiles((tmp_path / "t.csv",)), ["P1"]).of("P1")
    assert [p.start for p in course.periods] == [dt.date(2021, 1, 1), dt.date(2021, 9, 1)]


def test_rows_that_were_written_are_read_back(tmp_path: Path) -> None:
    """Open ends, missing doses, names with a comma, and numbers of many digits survive a round trip."""
    day = dt.date(2022, 1, 3)
    treatments = (
        Treatment(patient_id="P1", name="immunoglobulin, human", start=day, stop=dt.date(2022, 2, 3), dose=0.1 + 0.2, unit="g/kg", route="iv"),
        Treatment(patient_id="P1", name="abatacept", start=day),
    )
    labs = (
        LabResult(patient_id="P1", date=day, name="LDH", value=410.0, unit="U/l", low=120.0, high=300.0),
        LabResult(patient_id="P1", date=day, name="CK", value=1234567.0),
    )
    write_treatments(tmp_path / "t.csv", treatments)
    write_labs(tmp_path / "l.csv", labs)
    assert read_treatments(tmp_path / "t.csv") == treatments
    assert read_labs(tmp_path / "l.csv") == labs
    assert "LDH,410,U/l,120,300" in (tmp_path / "l.csv").read_text(encoding="utf-8")


def test_unknown_patients_are_a_finding(tmp_path: Path) -> None:
    """Rows of a patient without images do no harm, and are named."""
    courses = read_courses(CourseFiles((written(tmp_path, "treatments.csv", TREATMENTS),)), ["P1"])
    assert len(courses.findings) == 1
    assert "no image of patient P9; these rows are not used" in courses.findings[0]
    assert courses.of("P9").treatments == ()


def test_files_in_an_input_folder_are_found_and_named(tmp_path: Path) -> None:
    """A file in the top of an input folder is used and said to be; one that the user names goes before it."""
    path = written(tmp_path, "treatments.csv", TREATMENTS)
    found = find_course_files([tmp_path], None, None)
    assert (found.treatments, found.labs) == ((path,), ())
    assert found.findings == (f"{path} was found in the input folder",)
    other = written(tmp_path, "other.csv", TREATMENTS)
    assert find_course_files([tmp_path], other, None) == CourseFiles((other,))


def test_every_problem_is_reported_with_its_line(tmp_path: Path) -> None:
    """Five bad lines give one message that names them all."""
    text = (
        "patient_id,name,start,stop,dose\n"
        "P1,abatacept,15.06.22,,\n"
        ",abatacept,2022-06-15,,\n"
        "P1,abatacept,2022-06-15,2022-01-01,\n"
        "P1,abatacept,2022-06-15,,much\n"
        "P1,abatacept\n"
        "P1,abatacept,2022-06-15,,\n"
        "P1,abatacept,2022-06-15,,\n"
    )
    with pytest.raises(CourseError) as caught:
        read_treatments(written(tmp_path, "treatments.csv", text))
    message = str(caught.value)
    for part in (
        "line 2: start '15.06.22' is not a date like 2024-05-31",
        "line 3: no patient_id",
        "line 4: abatacept: a treatment stops on or after its start",
        "line 5: dose 'much' is not a number",
        "line 6: 2 cells where 5 are due",
        "line 8: the same as line 7",
        "expected a CSV file in UTF-8 or an Excel workbook (.xlsx) with a header row of patient_id, name, start, stop, dose, unit",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "an empty file"),
        ("patient_id,when\n", "line 1: unknown column 'when'\n  line 1: no column 'date'"),
        ("patient_id,date,date,name,value\n", "line 1: column 'date' stands twice"),
        ("patient_id,date,name,value\nP1,2022-01-01,LDH,<5\n", "line 2: value '<5' is not a number like 12.5; write the limit itself"),
        ("patient_id,date,name,value,low,high\nP1,2022-01-01,LDH,5,9,3\n", "line 2: LDH: the lower limit is not above the upper one"),
        ("patient_id,date,name,value\nP1,2022-01-01,LDH,nan\n", "line 2: value 'nan' is not a number"),
    ],
)
def test_bad_laboratory_files_say_what_is_wrong(tmp_path: Path, text: str, part: str) -> None:
    """Messages name line, cell and what was expected."""
    with pytest.raises(CourseError, match="expected a CSV file in UTF-8") as caught:
        read_labs(written(tmp_path, "labs.csv", text))
    assert part in str(caught.value)


def test_a_workbook_is_found_beside_the_films_and_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """In any case of its name; a copy as CSV and as workbook would let one of them be out of date."""
    path = written(tmp_path, "Treatments.XLSX", "")
    assert find_course_files([tmp_path], None, None).treatments == (path,)
    written(tmp_path, "treatments.csv", TREATMENTS)
    with pytest.raises(CourseError, match=r"both Treatments\.XLSX and treatments\.csv; .* remove one of them, or name the other with --treatments"):
        find_course_files([tmp_path], None, None)
