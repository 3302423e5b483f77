"""Words of scripts that the font lacks are told apart in pictures."""

from __future__ import annotations

import pytest

from calcitrack.figures.page import shortened
from calcitrack.figures.palette import title_of
from calcitrack.figures.scripts import drawable
from calcitrack.model.timeline import TimelineKey

NAMES = ("\u5c71\u7530\u592a\u90ce", "\u4f50\u85e4\u82b1\u5b50", "\ud64d\uae38\ub3d9", "\u0938\u0940\u0924\u093e", "\u0e2a\u0e21\u0e0a\u0e32\u0e22")
"""Two of Japan, and of Korea, India and Thailand."""


def test_patients_of_any_script_have_titles_of_their_own() -> None:
    """Each title is drawable, and no two are the same."""
    titles = [title_of(TimelineKey(name, "HAND", "R", "PA", "DX")) for name in NAMES]
    assert len(set(titles)) == len(NAMES)
    assert all(title == drawable(title) and title.isprintable() for title in titles)
    assert len({shortened(name, 20.0) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("words", ["P-001", "Müller", "Иванова", "Παππά", "a · b", ""])
def test_what_the_font_has_stays(words: str) -> None:
    """Latin, Cyrillic and Greek letters are drawn as they are."""
    assert drawable(words) == words


def test_control_characters_are_never_drawn() -> None:
    """An escape sequence in an ID leaves its letters and a digest."""
    assert drawable("P1\x1b[31m").startswith("P1 [31m #")
