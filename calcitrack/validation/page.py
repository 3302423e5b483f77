"""Scores as Markdown, for a documentation page."""

from __future__ import annotations

from collections.abc import Sequence

from calcitrack.model.display import counted
from calcitrack.validation.scores import Scores
from calcitrack.validation.targets import Line, lines


def markdown(scores: Scores, command: str, version: str) -> str:
    """Version, command, table of figures and table of confidence.

    Parameters
    ----------
    scores
        The scores.
    command
        The shell command that gives the same figures.
    version
        Version of the program.
    """
    figures = [(line.name, line.text, counted(line.figure.n, line.cases.removesuffix("s")), *_asked(line)) for line in lines(scores)]
    bins = [(b.span, str(b.n), share(b.given), share(b.real)) for b in scores.confidence]
    return "\n\n".join(
        (
            f"calcitrack {version} on {counted(scores.films, 'film')} of {counted(scores.people, 'simulated person', 'simulated people')}:",
            f"```bash\n{command}\n```",
            _table(("figure", "value", "from", "at least", "aim"), figures),
            "How sure the program was of the deposits it found, and how many of them were real:",
            _table(("confidence given", "deposits", "mean confidence", "share that is real"), bins),
        )
    )


def _asked(line: Line) -> tuple[str, str]:
    return (str(line.target.at_least), str(line.target.aim)) if line.target else ("", "")


def share(value: float | None) -> str:
    """A fraction with two decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.2f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *rows))
