"""What a reader must know of the films before any number is believed."""

from __future__ import annotations

from calcitrack.errors import FilmRefusedError
from calcitrack.model.assessment import Assessment
from calcitrack.reporting.placement_words import placement_sentences


def attention(assessment: Assessment, image: int) -> tuple[str, ...]:
    """What needs a reader's attention while a film is shown, most serious first.

    Films of its timeline that were refused, then how it lies on the first film, then doubts about itself.

    Parameters
    ----------
    image
        Position in ``assessment.images``.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> attention(assess(small_timeline((2.0,))), 0)
    ()
    """
    refused = [f for f in assessment.failures if isinstance(f.error, FilmRefusedError)]
    return (
        *(f"visit {f.time_point} is not measured: found {f.error.found}; {f.error.action}" for f in refused),
        *(f"this film {words}" for words in placement_sentences(assessment)[image]),
        *(f"this film: {doubt.words}" for doubt in assessment.images[image].doubts),
    )
