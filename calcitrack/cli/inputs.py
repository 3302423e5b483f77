"""Inputs of `measure`: paths, and PACS queries, whose films are first fetched into a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from calcitrack.cli.console import tell
from calcitrack.cli.pacs_transfer import fetched_sentence, fetched_with_bar
from calcitrack.errors import PacsError
from calcitrack.io.dicom.sop_classes import RADIOGRAPH_MODALITIES
from calcitrack.io.pacs import names_a_server, parse_address
from calcitrack.model.display import counted

DIGEST_LENGTH = 12
"""Characters of a folder's name: enough that two queries of one project do not collide."""


def local_inputs(inputs: Sequence[str], out: Path, films: Path | None, *, quiet: bool) -> tuple[tuple[Path, ...], bool]:
    """Fetch films of PACS inputs; return the paths of all inputs, and whether every film arrived.

    Parameters
    ----------
    inputs
        As the user gave them.
    out
        The results folder. Films are kept beside it: it is replaced as a whole by the next run, and they are not.
    films
        Where films are kept instead.
    quiet
        No progress bar and no line about what was fetched.

    Raises
    ------
    PacsError
        The server refuses, does not answer, has nothing of what is asked, or went away in the middle.
    """
    paths, complete = [], True
    for text in inputs:
        if names_a_server(text):
            folder, whole = _fetched(text, films or _beside(out), quiet=quiet)
            complete = complete and whole
            paths.append(folder)
        else:
            paths.append(Path(text))
    return tuple(paths), complete


def _beside(out: Path) -> Path:
    named = out if out.name not in ("", "..") else out.resolve()
    return named.with_name(f"{named.name}-films")


def _fetched(text: str, films: Path, *, quiet: bool) -> tuple[Path, bool]:
    server, query = parse_address(text)
    asked = query if query.modalities else replace(query, modalities=RADIOGRAPH_MODALITIES)
    folder = films / hashlib.sha256(f"{server} {asked}".encode()).hexdigest()[:DIGEST_LENGTH]
    fetched = fetched_with_bar(str(server), folder, asked, None, quiet=quiet)
    if fetched.gone:
        raise PacsError(
            str(server),
            f"that it went away when {counted(fetched.n_kept, 'film was', 'films were')} there and {counted(fetched.n_left, 'was', 'were')} not",
            "all of them",
            "give the same command again: it fetches the others, then measures",
        )
    if not fetched.n_kept:
        raise PacsError(str(server), "no film that is what was asked", "one at least", "look with calcitrack pacs find, and ask for other films")
    if not quiet:
        tell(f"{server}: {fetched_sentence(fetched)}")
    for uid, reason in fetched.missing.items():
        tell(f"{uid}: {reason}; it is not measured")
    return folder, not fetched.missing
