"""Display of data types: one to a few lines of text at a prompt, and a small table in a notebook."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

TEXT_ROWS = 6
"""Rows of a table that a prompt shows; more would fill the screen. A notebook shows all up to `HTML_ROWS`."""
HTML_ROWS = 60
"""Rows of a table that a notebook shows, about two screens."""
SPARK_WIDTH, SPARK_HEIGHT = 160, 36
"""Size of a course in a notebook, CSS pixels: two lines of text high."""
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reverse what follows (UAX #9): an ID could look like another one."""
_MARGIN = 4
"""Free space around a course, CSS pixels, so that its dots are not cut."""


@dataclass(frozen=True, slots=True)
class Card:
    """Displayed content of one object.

    Parameters
    ----------
    kind
        Name of its class.
    name
        Distinguishes it from others of its kind; may be empty.
    facts
        Short texts.
    header, rows
        A table; each row has as many texts as the header.
    course
        (position, value) of a quantity over time, drawn as a line in a notebook.
    course_name
        What the course is of.
    """

    kind: str
    name: str = ""
    facts: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    course: tuple[tuple[float, float], ...] = ()
    course_name: str = ""

    def text(self) -> str:
        """One line, and a line for each row of the table.

        Examples
        --------
        >>> print(Card("Timeline", "P1", ("2 time points",), ("time point", "date"), (("1", "2021-03-08"), ("2", "2021-09-01"))).text())
        Timeline(P1: 2 time points)
          time point  date
          1           2021-03-08
          2           2021-09-01
        """
        first = printable(f"{self.kind}({': '.join(t for t in (self.name, ', '.join(self.facts)) if t)})")
        if not self.rows:
            return first
        shown = [tuple(map(printable, row)) for row in (self.header, *self.rows[:TEXT_ROWS])]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
        return "\n".join([first, *lines, *_left_out(self.rows, TEXT_ROWS)])

    def html(self) -> str:
        """The same as a table, with the course as a drawing; every text is escaped."""
        title = f"<strong>{escape(self.kind)}</strong> {escape(self.name)}"
        parts = [f"<div>{title}</div>"]
        if self.facts:
            parts.append(f"<div>{escape(', '.join(self.facts))}</div>")
        if len(self.course) > 1:
            parts.append(f"<div>{sparkline(self.course, self.course_name)} {escape(self.course_name)}</div>")
        if self.rows:
            head = "".join(f"<th>{escape(cell)}</th>" for cell in self.header)
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows[:HTML_ROWS])
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
            parts += [f"<div>{escape(line.strip())}</div>" for line in _left_out(self.rows, HTML_ROWS)]
        return f'<div class="calcitrack-{escape(self.kind.lower())}">{"".join(parts)}</div>'


def printable(text: str) -> str:
    r"""The text with line breaks and control characters as escapes: a Patient ID may hold some, and a terminal would obey them.

    Examples
    --------
    >>> print(printable("P\n1"))
    P\n1
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def harmless(text: str) -> str:
    r"""The text with what a terminal or a reader would obey as escapes: control characters, turns of direction, line ends, half characters.

    Letters of every script, and what joins them, stay.

    Examples
    --------
    >>> print(harmless("\x1b[31mRED"))
    \x1b[31mRED
    >>> harmless("Ångström 王")
    'Ångström 王'
    """
    return "".join(c.encode("unicode_escape").decode("ascii") if _is_obeyed(c) else c for c in text)


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS


def _left_out(rows: Sequence[object], shown: int) -> list[str]:
    return [f"  ... and {len(rows) - shown} more"] if len(rows) > shown else []


def sparkline(points: Sequence[tuple[float, float]], name: str) -> str:
    """A small line drawing as inline SVG, from zero up to the largest value.

    Parameters
    ----------
    points
        (position, value), at least two.
    name
        What it shows, for readers who hear the page.

    Examples
    --------
    >>> sparkline([(0.0, 1.0), (10.0, 2.0)], "area")[:47]
    '<svg role="img" aria-label="area" width="160" h'
    """
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    top = max(max(y for _, y in points), 0.0) or 1.0
    wide, high = SPARK_WIDTH - 2 * _MARGIN, SPARK_HEIGHT - 2 * _MARGIN
    at = [(_MARGIN + wide * (x - first) / ((last - first) or 1.0), _MARGIN + high * (1 - y / top)) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="currentColor"/>' for x, y in at)
    return (
        f'<svg role="img" aria-label="{escape(name)}" width="{SPARK_WIDTH}" height="{SPARK_HEIGHT}" style="vertical-align:middle">'
        f'<polyline points="{line}" fill="none" stroke="currentColor"/>{dots}</svg>'
    )


class Displayed:
    """An object that shows a `Card` of itself at a prompt and in a notebook."""

    __slots__ = ()

    def _card(self) -> Card:
        """Content to display."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._card().text()

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        return self._card().html()


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "image"), counted(3, "image"), counted(2, "study", "studies")
    ('1 image', '3 images', '2 studies')
    """
    return f"{number} {one if number == 1 else several or one + 's'}"


MOST_PLACES = 6
"""Decimals of a value beside its limit; a smaller difference is told as equal."""


def beside_limit(value: float, limit: float, places: int) -> str:
    """A value in as many decimals as it takes to lie on its side of a limit that is printed beside it.

    Parameters
    ----------
    places
        Decimals where that needs no more.

    Examples
    --------
    >>> beside_limit(0.0503, 0.05, 2), beside_limit(0.062, 0.05, 2), beside_limit(49.6, 50, 0)
    ('0.0503', '0.06', '49.6')
    """
    for n in range(places, MOST_PLACES):
        if (round(value, n) > limit) == (value > limit) and (round(value, n) < limit) == (value < limit):
            return f"{value:.{n}f}"
    return f"{value:.{MOST_PLACES}f}"


def percent_beside_limit(share: float, limit: float) -> str:
    """The same of a share beside a limit in percent.

    Examples
    --------
    >>> percent_beside_limit(0.0503, 0.05), percent_beside_limit(0.12, 0.05)
    ('5.03 %', '12 %')
    """
    return f"{beside_limit(100 * share, 100 * limit, 0)} %"
