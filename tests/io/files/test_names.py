from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack.io.files.names import MAX_NAME, NamesInUse, safe_name

texts = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize("name", ["DEV03_HAND_R_PA", "2.25.1234", "a"])
def test_plain_names_stay_as_they_are(name: str) -> None:
    """An ordinary id is its own file name, so that people find their patient."""
    assert safe_name(name) == name


@pytest.mark.parametrize("text", ["../../etc/passwd", "..", "", "a/b\\c", "CON", "nul.txt", "x" * 500, "tab\there", "Ünïcode", "\udcff"])
def test_hostile_names_become_harmless(text: str) -> None:
    """No made name leaves its folder, is hidden, too long, or a device of Windows."""
    name = safe_name(text)
    assert "/" not in name
    assert "\\" not in name
    assert not name.startswith(".")
    assert 0 < len(name) <= MAX_NAME + 12
    assert name.split(".")[0].lower() not in {"con", "nul"}
    assert name.isascii()


@given(texts, texts)
def test_different_texts_keep_different_names(one: str, other: str) -> None:
    """Two texts give the same name only if they are the same text."""
    assert (safe_name(one) == safe_name(other)) == (one == other)


@given(st.lists(texts, max_size=20))
def test_no_name_is_given_twice(wanted: list[str]) -> None:
    """Names differ even where the file system ignores case, and the same claims give the same names again."""
    names, again = NamesInUse(), NamesInUse()
    given_out = [names.claim(t, str(i)) for i, t in enumerate(wanted)]
    assert len({n.lower() for n in given_out}) == len(wanted)
    assert given_out == [again.claim(t, str(i)) for i, t in enumerate(wanted)]
