"""What people write into small tables means what they meant, in each dialect, or is refused with the line and the way out."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.errors import CourseError, PseudonymError, TablesError
from calcitrack.io.cohort.course_files import CourseFiles, read_course_rows, read_labs, read_treatments
from calcitrack.io.cohort.pseudonyms import read_pseudonyms
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.model.course import LabResult

HEADER = ("patient_id", "date", "name", "value", "unit", "low", "high")
ALDOLASE = LabResult(patient_id="P1", date=dt.date(2024, 5, 31), name="aldolase, serum", value=12.5, unit="U/l", low=None, high=7.6)
LDH = LabResult(patient_id="0042", date=dt.date(2024, 6, 2), name="LDH", value=410.0, unit="U/l", low=120.0, high=300.0)


def saved(folder: Path, text: str, encoding: str = "utf-8", name: str = "labs.csv") -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def workbook(folder: Path, rows: Sequence[Sequence[object]], shapes: dict[str, str] | None = None, name: str = "labs.xlsx") -> Path:
    """An Excel workbook of one sheet; `shapes` are number formats by cell."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    for place, shape in (shapes or {}).items():
        book.active[place].number_format = shape
    book.save(folder / name)
    return folder / name


COMMA = 'patient_id,date,name,value,unit,low,high\nP1,2024-05-31,"aldolase, serum",12.5,U/l,,7.6\n0042,2024-06-02,LDH,410,U/l,120,300\n'
SEMICOLON = "patient_id;date;name;value;unit;low;high\nP1;31.05.2024;aldolase, serum;12,5;U/l;;7,6\n0042;02.06.2024;LDH;410;U/l;120;300\n"
TAB = "Patient ID\tDate\tName\tValue\tUnit\tLow\tHigh\nP1\t31/05/2024\taldolase, serum\t12,5\tU/l\t\t7,6\n0042\t02/06/2024\tLDH\t410\tU/l\t120\t300\n"
AMERICAN = 'patient_id,date,name,value,unit,low,high\nP1,5/31/2024,"aldolase, serum",12.5,U/l,,7.6\n0042,6/2/2024,LDH,410,U/l,120,300\n'
QUOTED_COMMA = 'patient_id,date,name,value,unit,low,high\nP1,20240531,"aldolase, serum","12,5",U/l,,"7,6"\n0042,20240602,LDH,410,U/l,120,300\n'


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (COMMA, "utf-8"),
        (COMMA, "utf-8-sig"),
        (COMMA.replace("\n", "\r\n"), "utf-8-sig"),
        (SEMICOLON, "utf-8"),
        ("sep=;\r\n" + SEMICOLON, "utf-8-sig"),
        (TAB, "utf-8"),
        (TAB, "utf-16"),
        (AMERICAN, "utf-8"),
        (QUOTED_COMMA, "utf-8"),
        (COMMA + ",,,,,,\n\n", "utf-8"),
        (COMMA.replace("\n", ",,\n"), "utf-8"),
        ("\n" + COMMA, "utf-8"),
    ],
)
def test_each_dialect_gives_the_same_rows(tmp_path: Path, text: str, encoding: str) -> None:
    """Separator, decimal mark, order of the date and encoding are recognised; leading zeros of an ID stay."""
    assert read_labs(saved(tmp_path, text, encoding)) == (ALDOLASE, LDH)


def test_a_workbook_gives_what_excel_shows(tmp_path: Path) -> None:
    """Real dates and numbers are taken as they are, an ID with the zeros that its format shows; names need not end in .xlsx."""
    rows = [
        HEADER,
        ("P1", dt.datetime(2024, 5, 31), "aldolase, serum", 12.5, "U/l", None, 7.6),  # noqa: DTZ001 a cell has no time zone
        (),
        (42, dt.date(2024, 6, 2), "LDH", 410, "U/l", 120, 300),
    ]
    path = workbook(tmp_path, rows, {"A4": "0000"})
    assert read_labs(path) == (ALDOLASE, LDH)
    assert read_labs(path.rename(tmp_path / "labs.csv")) == (ALDOLASE, LDH)


def test_a_number_of_a_workbook_needs_no_proof_of_its_decimal_mark(tmp_path: Path) -> None:
    """1.234 as a number is that number, where the same as text is refused."""
    assert read_labs(workbook(tmp_path, [HEADER, ("P1", dt.date(2024, 5, 31), "x", 1.234)]))[0].value == 1.234
    with pytest.raises(CourseError, match=r"line 2: value '1\.234' may be 1234 or 1\.2340; write which it is"):
        read_labs(workbook(tmp_path, [HEADER, ("P1", dt.date(2024, 5, 31), "x", "1.234")]))


def test_the_sheet_with_the_columns_is_read(tmp_path: Path) -> None:
    """Notes on another sheet do no harm; two sheets of such rows are refused."""
    path = workbook(tmp_path, [("read me",), ("by Anna",)])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("labs")
    sheet.append(HEADER)
    sheet.append(("P1", dt.date(2024, 5, 31), "x", 1))
    book.save(path)
    assert len(read_labs(path)) == 1
    book.copy_worksheet(sheet)
    book.save(path)
    with pytest.raises(CourseError, match=r"found 2 sheets that hold such a table; .*keep one of them"):
        read_labs(path)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            ("P1", dt.date(2024, 5, 31), "x", dt.date(2024, 2, 5)),
            "line 2: value '2024-02-05' is a date where a number is due: a spreadsheet",
        ),
        (("P1", 45443, "x", 1), "line 2: date 45443 is a number, not a date; format the cell as a date"),
        ((dt.date(2024, 2, 1), dt.date(2024, 5, 31), "x", 1), "line 2: patient_id is a date: a spreadsheet may have turned it into one"),
        ((1234567890123456, dt.date(2024, 5, 31), "x", 1), "line 2: patient_id is a number of more than 15 digits, of which Excel loses the last"),
        (("P1", dt.date(2024, 5, 31), "x", "=1+1"), "line 2: value holds a formula without a result; open the file in Excel and save it again"),
        (("P1", dt.date(2024, 5, 31), "x", "#REF!"), "line 2: value holds the error #REF! of a formula"),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_told(tmp_path: Path, cells: Sequence[object], words: str) -> None:
    """Dates out of numbers, numbers out of dates, lost digits, formulas nobody worked out."""
    with pytest.raises(CourseError) as caught:
        read_labs(workbook(tmp_path, [HEADER, cells]))
    assert words in str(caught.value)


def labs_of(folder: Path, dates: Sequence[str], order: DateOrder | None = None) -> list[dt.date]:
    """Days of a table with these dates."""
    lines = [f"P{n};{date};LDH;4" for n, date in enumerate(dates)]
    return [r.date for r in read_labs(saved(folder, "\n".join(["patient_id;date;name;value", *lines])), order)]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["04/05/2024", "31/05/2024"], [(2024, 5, 4), (2024, 5, 31)]),
        (["04/05/2024", "05/31/2024"], [(2024, 4, 5), (2024, 5, 31)]),
        (["4.5.2024", "31.05.2024"], [(2024, 5, 4), (2024, 5, 31)]),
        (["05/05/2024", "06-06-2024".replace("-", "/")], [(2024, 5, 5), (2024, 6, 6)]),
        (["2024/05/04", "2024.05.05", "2024-05-06", "20240507"], [(2024, 5, 4), (2024, 5, 5), (2024, 5, 6), (2024, 5, 7)]),
        (["2024-05-04 10:15", "2024-05-05T23:59:59"], [(2024, 5, 4), (2024, 5, 5)]),
        (["31/05/2024 08:30", "04/05/2024"], [(2024, 5, 31), (2024, 5, 4)]),
    ],
)
def test_the_file_proves_the_order_of_its_dates(tmp_path: Path, dates: Sequence[str], days: Sequence[tuple[int, int, int]]) -> None:
    """A day above 12 says what is first in all rows; a day that is its month needs no proof; the year first never does."""
    assert labs_of(tmp_path, dates) == [dt.date(*day) for day in days]


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (
            ["04/05/2024", "05/05/2024", "06/07/2024"],
            "found line 2: date '04/05/2024' may be 2024-05-04 or 2024-04-05, and no date of the file has a day above 12",
        ),
        (["31/05/2024", "30/05/2024", "05/31/2024"], "line 4: date '05/31/2024' has its day in another place than '31/05/2024' in line 2"),
        (
            ["2024-05-04", "2024-05-05", "31/05/2024"],
            "line 4: date '31/05/2024' is written otherwise than '2024-05-04' in line 2: a spreadsheet may have turned day and month in some rows",
        ),
        (["31/05/2024", "30/05/2024", "04.05.2024"], "line 4: date '04.05.2024' is written otherwise than '31/05/2024' in line 2"),
        (["31/05/24"], "2024-05-31T10:15; write the year with four digits; expected"),
        (["32/05/2024"], "line 2: date '32/05/2024' is not a date like 2024-05-31"),
        (["31/02/2024"], "line 2: date '31/02/2024' is not a date like 2024-05-31"),
        (["31 May 2024"], "line 2: date '31 May 2024' is not a date like 2024-05-31"),
    ],
)
def test_dates_that_may_be_others_are_refused(tmp_path: Path, dates: Sequence[str], words: str) -> None:
    """The message names line, cell, both readings and the flag."""
    with pytest.raises(CourseError) as caught:
        labs_of(tmp_path, dates)
    assert words in str(caught.value)


def test_the_flag_says_what_the_file_does_not(tmp_path: Path) -> None:
    """The same two cells, read both ways; a date that the flag makes impossible is told, and rows that are not alike stay refused."""
    ambiguous = ["04/05/2024", "06/07/2024"]
    assert labs_of(tmp_path, ambiguous, DateOrder.DAY_FIRST) == [dt.date(2024, 5, 4), dt.date(2024, 7, 6)]
    assert labs_of(tmp_path, ambiguous, DateOrder.MONTH_FIRST) == [dt.date(2024, 4, 5), dt.date(2024, 6, 7)]
    with pytest.raises(CourseError, match=r"line 3: date '31/05/2024' is not a date like .* \(month-first\)"):
        labs_of(tmp_path, ["04/05/2024", "31/05/2024"], DateOrder.MONTH_FIRST)
    with pytest.raises(CourseError, match="written otherwise"):
        labs_of(tmp_path, ["2024-05-04", "2024-05-05", "04/05/2024"], DateOrder.DAY_FIRST)


def test_a_workbook_with_dates_of_two_kinds_is_refused(tmp_path: Path) -> None:
    """Excel set to another country makes 5 April of 04/05/2024 and leaves 31/05/2024 as text: the real dates are wrong then."""
    rows = [HEADER, ("P1", dt.date(2024, 4, 5), "x", 1), ("P1", dt.date(2024, 6, 7), "x", 1), ("P1", "31/05/2024", "x", 1)]
    with pytest.raises(
        CourseError, match=r"line 4: date '31/05/2024' is written otherwise than '2024-04-05' in line 2: a spreadsheet may have turned"
    ):
        read_labs(workbook(tmp_path, rows))


@given(days=st.lists(st.dates(dt.date(1950, 1, 1), dt.date(2060, 12, 31)), min_size=1, max_size=5))
def test_a_date_is_read_as_it_was_written_or_refused(tmp_path_factory: pytest.TempPathFactory, days: list[dt.date]) -> None:
    """For any days written day first: the same days, or a question; never others."""
    folder, written = tmp_path_factory.mktemp("days"), [f"{d:%d/%m/%Y}" for d in days]
    if all(d.day <= 12 for d in days) and any(d.day != d.month for d in days):
        with pytest.raises(CourseError, match="--dates day-first"):
            labs_of(folder, written)
    else:
        assert labs_of(folder, written) == days


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1.234", "5,6"], "line 2: value '1.234' has a point, and the file a decimal comma ('5,6' in line 3); leave out thousands separators"),
        (["1,234"], "line 2: value '1,234' may be 1234 or 1.2340; write which it is"),
        (["1.234,5"], "line 2: value '1.234,5' is not a number like 12.5; leave out thousands separators"),
        (["1_000"], "line 2: value '1_000' is not a number"),
        (["05. Feb"], "line 2: value '05. Feb' is not a number"),
    ],
)
def test_numbers_that_may_be_others_are_refused(tmp_path: Path, values: Sequence[str], words: str) -> None:
    """A factor of 1000 is never guessed."""
    lines = [f"P1;2024-05-{n:02};CK;{value}" for n, value in enumerate(values, start=1)]
    with pytest.raises(CourseError) as caught:
        read_labs(saved(tmp_path, "\n".join(["patient_id;date;name;value", *lines])))
    assert words in str(caught.value)


@pytest.mark.parametrize(("value", "number"), [("0,125", 0.125), ("12,5", 12.5), ("1234,567", 1234.567), ("1e3", 1000), ("-2,5", -2.5), ("4", 4)])
def test_a_decimal_comma_is_shown_by_the_number(tmp_path: Path, value: str, number: float) -> None:
    """Nothing that could be thousands needs no proof."""
    assert read_labs(saved(tmp_path, f"patient_id;date;name;value\nP1;2024-05-01;CK;{value}"))[0].value == number


def test_all_problems_stand_on_a_line_each(tmp_path: Path) -> None:
    """Those of dates, numbers, cells and columns, in the order of the file."""
    text = "patient_id;date;name;value\nP1;31/05/2024;CK;x\n;01/06/2024;CK;4\nP1;13/13/2024;CK\nP1;never;CK;4\n"
    with pytest.raises(CourseError) as caught:
        read_labs(saved(tmp_path, text))
    assert str(caught.value).splitlines() == [
        f"{tmp_path / 'labs.csv'}: found 4 problems:",
        "  line 2: value 'x' is not a number like 12.5",
        "  line 3: no patient_id",
        "  line 4: 3 cells where 4 are due",
        "  line 5: date 'never' is not a date like 2024-05-31 or a time like 2024-05-31T10:15",
        f"expected a CSV file in UTF-8 or an Excel workbook (.xlsx) with a header row of {', '.join(HEADER)}; correct these lines",
    ]


def test_a_cell_over_two_lines_does_not_shift_the_numbers_of_lines(tmp_path: Path) -> None:
    """The line is that of the file, as an editor shows it."""
    with pytest.raises(CourseError, match="found line 4: value 'x'"):
        read_labs(saved(tmp_path, 'patient_id,date,name,value\nP1,2024-05-01,"CK\n(serum)",4\nP1,2024-05-02,CK,x\n'))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("patient_id;date;name;result", "line 1: unknown column 'result'"),
        ("patient_id;dates;name;value", "unknown column 'dates'; is 'date' meant?"),
        ("patient_id;date;;value", "line 1: a column without a name"),
    ],
)
def test_a_header_row_says_what_is_not_known(tmp_path: Path, header: str, words: str) -> None:
    """With the name that was probably meant."""
    with pytest.raises(CourseError) as caught:
        read_labs(saved(tmp_path, f"{header}\nP1;2024-05-01;CK;4\n"))
    assert words in str(caught.value)


def test_an_unquoted_decimal_comma_is_explained(tmp_path: Path) -> None:
    """A comma that is separator and decimal mark at once makes a cell too many."""
    with pytest.raises(CourseError, match="line 2: 5 cells where 4 are due; a comma inside a cell needs quotation marks"):
        read_labs(saved(tmp_path, "patient_id,date,name,value\nP1,2024-05-01,CK,12,5\n"))


def zipped(**members: str) -> bytes:
    """A zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("patient_id,date,name,value\nP1,2024-05-01,Kreatinkinase für P1,4\n".encode("cp1252"), "another encoding than UTF-8 (line 2: byte 0xFC)"),
        (b"\xff\xfe\x00", "text that begins as UTF-16 and breaks off"),
        (b"\x00\x01\x02", "binary data"),
        (b"", "an empty file"),
        (b'patient_id,date\n"P1,2024-05-01\n', "line 2: a cell that cannot be read (unexpected end of data); expected"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "an Excel file of the old kind (.xls), or one with a password"),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "an archive or a document that is no Excel workbook"),
        (zipped(**{"[Content_Types].xml": "<", "xl/workbook.xml": "<"}), "an Excel workbook that cannot be read"),
        (zipped(**{"[Content_Types].xml": "", "xl/bomb.xml": " " * (65 * 1024**2)}), "a workbook that unpacks to more than 67108864 bytes"),
        (b"PK\x03\x04", "a workbook or archive that breaks off"),
    ],
)
def test_each_file_that_is_no_table_is_told_apart(tmp_path: Path, content: bytes, words: str) -> None:
    """Encodings, other kinds of files, broken and monstrous ones."""
    (tmp_path / "labs.csv").write_bytes(content)
    with pytest.raises(CourseError) as caught:
        read_labs(tmp_path / "labs.csv")
    assert words in str(caught.value)


def test_a_missing_file_is_not_a_wrong_encoding(tmp_path: Path) -> None:
    """Nor is a folder."""
    with pytest.raises(CourseError, match=r"missing\.csv: found no such file; expected .*; check the path"):
        read_labs(tmp_path / "missing.csv")
    with pytest.raises(CourseError, match=r"found a folder; .*; name the file in it"):
        read_labs(tmp_path)


def test_problems_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    """Treatments and laboratory results, each with its lines."""
    labs = saved(tmp_path, "patient_id,date,name,value\nP1,2024-05-01,CK,x\n")
    treatments = saved(tmp_path, "patient_id;name;start\nP1;abatacept;soon\n", name="treatments.csv")
    with pytest.raises(TablesError, match=r"(?s)treatments\.csv: found line 2: start 'soon'.*labs\.csv: found line 2: value 'x'"):
        read_course_rows(CourseFiles((treatments,), (labs,)))


def test_a_workbook_of_treatments_goes_on_or_stops(tmp_path: Path) -> None:
    """Real dates of stop, and the word for none."""
    start, stop = dt.date(2024, 5, 1), dt.date(2024, 6, 1)
    rows = [
        ("patient_id", "name", "start", "stop", "dose"),
        ("P1", "a", start, stop, 0.3),
        ("P1", "b", start, "Ongoing", None),
        ("P1", "c", start, None),
    ]
    assert [(t.stop, t.dose) for t in read_treatments(workbook(tmp_path, rows))] == [(stop, 0.3), (None, None), (None, None)]


def test_a_map_in_each_dialect_keeps_ids_as_they_are_shown(tmp_path: Path) -> None:
    """Leading zeros of a text, and of a number format; and no message quotes an ID."""
    assert read_pseudonyms(saved(tmp_path, "new;old\nA;0042\n")) == {"0042": "A"}
    assert read_pseudonyms(workbook(tmp_path, [("old", "new"), (42, "A")], {"A2": "00000"})) == {"00042": "A"}
    with pytest.raises(PseudonymError) as caught:
        read_pseudonyms(saved(tmp_path, "4711;SECRET\n4712;B\n"))
    assert "4711" not in str(caught.value)
    assert "SECRET" not in str(caught.value)
