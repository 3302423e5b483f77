from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import calcitrack
from calcitrack.cli import app
from calcitrack.cli import validate as validate_command
from calcitrack.cli.choices import BurdenChoice, PartChoice, StyleChoice
from calcitrack.cli.exits import ExitCode
from calcitrack.phantom.population import Population
from calcitrack.phantom.specs import BodyPart, Style
from calcitrack.validation import Scores, lines, score

PAGE = "kept above\n<!-- validate: begin -->\nold\n<!-- validate: end -->\nkept below\n"
ONE_FOOT = ("--patients", "1", "--visits", "1", "--seed", "11", "--body-part", "foot", "--style", "cr", "--workers", "1")


def call(*arguments: object, width: int = 80) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures without any case, at once."""

    def nobody(*_: object, **__: object) -> Scores:
        return score([])

    monkeypatch.setattr(validate_command, "validate", nobody)


@pytest.mark.slow
def test_one_person_is_validated_as_json_and_onto_the_page(tmp_path: Path) -> None:
    """The figures come as JSON and as a table between the markers, both with the command that gives them again."""
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    code, out, err = call("validate", *ONE_FOOT, "--json", "--write", page)
    assert (code, err) == (ExitCode.DONE, "")
    content = json.loads(out)
    assert (content["people"], content["films"], content["version"]) == (1, 2, calcitrack.__version__)
    figures = {f["figure"]: f for f in content["figures"]}
    assert figures["false deposits a film"]["n"] == 2
    assert figures["sensitivity, soft tissue"]["at_least"] == "≥ 0.90"
    again = "calcitrack validate --patients 1 --visits 1 --seed 11 --body-part foot --style cr"
    assert content["command"] == again
    text = page.read_text(encoding="utf-8")
    assert text.startswith("kept above\n<!-- validate: begin -->\n")
    assert text.endswith("<!-- validate: end -->\nkept below\n")
    assert "old" not in text
    assert f"```bash\n{again}\n```" in text
    for name in figures:
        assert f"| {name} |" in text


@pytest.mark.usefixtures("_nobody")
def test_the_table_fits_a_terminal() -> None:
    """Every figure on a line of its own within 80 characters, and the command that gives them again."""
    code, out, _ = call("validate")
    assert code == ExitCode.DONE
    table = out.split("The same again")[0].splitlines()
    assert max(map(len, table)) <= 80
    for line in lines(score([])):
        assert [row for row in table if row.strip().startswith(f"{line.name}  ")], line.name
    assert "calcitrack validate --patients 12 --visits 2 --seed 1 --body-part all --style all" in out
    assert call("validate", "--quiet")[1] == ""


def test_a_page_without_markers_is_refused_before_anything_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No minutes are spent on a table that has no place."""
    page = tmp_path / "page.md"
    page.write_text("no place", encoding="utf-8")
    monkeypatch.setattr(validate_command, "validate", lambda *_, **__: pytest.fail("it simulated"))
    code, _, err = call("validate", "--write", page)
    assert code == ExitCode.USAGE
    assert "found 0 of <!-- validate: begin -->" in " ".join(err.split())


def test_choices_are_all_parts_and_styles() -> None:
    """Each body part and kind of file can be chosen, and `all` is none in particular."""
    assert [Population(burden=c).burden for c in BurdenChoice] == list(BurdenChoice)
    assert [c.value_or_none for c in PartChoice] == [None, *BodyPart]
    assert [c.value_or_none for c in StyleChoice] == [None, *Style]
