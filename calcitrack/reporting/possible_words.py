"""The sentence about possible deposits, shared by reports and command line."""

from __future__ import annotations

from calcitrack.model.display import counted


def possible_sentence(deposits: int, films: int) -> str:
    """How many possible deposits are not counted, and on how many films; empty where there is none.

    Examples
    --------
    >>> possible_sentence(2, 1)
    '2 possible deposits on 1 film are not counted'
    >>> possible_sentence(1, 1)
    '1 possible deposit on 1 film is not counted'
    """
    if not deposits:
        return ""
    return f"{counted(deposits, 'possible deposit')} on {counted(films, 'film')} {'is' if deposits == 1 else 'are'} not counted"
