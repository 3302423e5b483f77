"""Words of any script in pictures: what the font cannot draw gets a stand-in that differs where the words differ."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import matplotlib as mpl
from matplotlib.ft2font import FT2Font

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
"""The fonts that pictures are lettered with; matplotlib ships them. They lack Chinese, Japanese, Korean and most scripts of South Asia."""
DIGEST_LENGTH = 8
"""Digits of the stand-in, as in the names of folders: two of a thousand patients share one once in about 9000 cohorts."""


def drawable(words: str) -> str:
    r"""The words where both fonts have each character; else those characters that they have, and a digest of the whole.

    Examples
    --------
    >>> drawable("P-001"), drawable("Müller")
    ('P-001', 'Müller')
    >>> drawable("\u5c71\u7530"), drawable("\u5c71\u7530 7")
    ('#5f34cd83', '7 #009f41b3')
    """
    known = _characters()
    if all(c in known for c in words):
        return words
    kept = " ".join("".join(c if c in known else " " for c in words).split())
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]
    return f"{kept} #{digest}".strip()


@functools.cache
def _characters() -> frozenset[str]:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    maps = [{chr(code) for code in FT2Font(str(folder / name)).get_charmap()} for name in FONTS]
    return frozenset(set.intersection(*maps) | {"\n"})
