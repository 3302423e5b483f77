"""Runs the code blocks of the pages (README and docs) as tests; the fixtures of the tests themselves are in tests/conftest.py."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parent
KNOWN_PROGRAMS = {"cd", "git", "make", "pip", "python", "python3", "pytest", "calcitrack", "napari", "source"}
SHELL_LIMIT_S = 900
"""A command of a tutorial measures the sample data: two minutes of one processor, which may be busy with other tests; far above that, it hangs."""

collect_ignore_glob = ["docs/*.py", "docs/images/*.py", "docs/_build/*"]


def check_shell_block(example: Example) -> None:
    """Every command of a shell block exists; on tutorial pages the calcitrack commands are also run."""
    tutorial = "tutorials" in Path(example.path).parts
    for line in str(example.parsed).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # a setting before the command
            words.pop(0)
        if not words:
            continue
        assert Path(words[0]).name in KNOWN_PROGRAMS or words[0].startswith("."), f"{line!r}: {words[0]} is not a program that the reader has"
        if words[0] == "make":
            _check_make_targets(words[1:])
        if words[0] == "calcitrack":
            _check_calcitrack_command(words[1:])
            if tutorial and not any(word.isupper() for word in words):  # FOLDER stands for the reader's own
                _run_calcitrack(words[1:])


def _check_make_targets(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for word in words:
        assert word in targets, f"the Makefile has no target {word!r}; it has {targets}"


def _check_calcitrack_command(words: list[str]) -> None:
    """The subcommand and each of its options are known to the command line itself."""
    import typer.main

    from calcitrack.cli import app

    command = typer.main.get_command(app)
    named = list(words)
    while named and not named[0].startswith("-") and hasattr(command, "commands"):  # workspace is a group of commands
        subcommands = command.commands
        assert named[0] in subcommands, f"calcitrack has no command {named[0]!r}; it has {sorted(subcommands)}"
        command = subcommands[named.pop(0)]
    options = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    for word in named:
        if word.startswith("--"):
            assert word.split("=")[0] in options, f"calcitrack {words[0]} has no option {word}; it has {sorted(options)}"


def _run_calcitrack(words: list[str]) -> None:
    program = Path(sys.executable).with_name("calcitrack")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=SHELL_LIMIT_S, check=False)
    assert done.returncode == 0, f"calcitrack {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty working folder for the code blocks of one page, which run in their order and see each other's files."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("page")
    os.chdir(folder)
    yield folder
    os.chdir(before)


pytest_collect_file = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE),
        CodeBlockParser("bash", check_shell_block),
    ],
    patterns=["*.md"],
    excludes=["CHANGELOG.md", "docs/_build/**", "sample_data/**"],
    fixtures=["page_folder"],
).pytest()
