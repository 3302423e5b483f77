"""Sentences about how a film lies on the first one of its timeline, shared by findings, the command line and napari."""

from __future__ import annotations

from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.evaluable import cut_pictures
from calcitrack.model.film_quality import UNLIKE_OTHERS

TURNED_DEG = 60.0
"""A film that lies turned by more was laid down or saved in another way. People lay a limb within 25 degrees of upright (the range of
`calcitrack.phantom.population.Exposures.rotation_deg`), so that two films of it differ by 50 at most."""
QUARTER_DEG = 90
PLACED_NOWHERE = "is not compared with the other films: "
"""How the sentence on a film begins that does not lie on the first one."""
MIRRORED = (
    "lies on the baseline only as its mirror image: it is mirrored, or shows the other side of the body; check the side. Its deposits are followed "
    "as those of a mirrored film"
)
"""Of a follow-up that the registration had to mirror."""
SHOWS_LESS = (
    "does not show all deposits that other visits show: its picture ends before them, and they are left out of its changes; look whether it was "
    "cropped or collimated"
)
"""Of a film that shows a part of the deposits only."""


def lie_sentence(alignment: Alignment | None) -> str:
    """What is unusual about how a film lies on the baseline; empty where nothing is.

    Examples
    --------
    >>> lie_sentence(Alignment(((1.0, 0.0, 5.0), (0.0, 1.0, -2.0)), residual_px=0.4))
    ''
    >>> lie_sentence(Alignment(((0.0, 1.0, 5.0), (-1.0, 0.0, 90.0)), residual_px=0.4))
    'lies turned by about 90 degrees against the baseline: it was laid down or saved in another way, and is followed as if it lay alike'
    """
    if alignment is None or not alignment.ok:
        return ""
    if alignment.mirrored:
        return MIRRORED
    if alignment.turned_deg < TURNED_DEG:
        return ""
    turn = QUARTER_DEG * round(alignment.turned_deg / QUARTER_DEG)
    return f"lies turned by about {turn} degrees against the baseline: it was laid down or saved in another way, and is followed as if it lay alike"


def placement_sentences(assessment: Assessment) -> tuple[tuple[str, ...], ...]:
    """What a reader should look at of how each film lies on the first one, and of what it shows of its deposits; most serious first.

    Returns
    -------
    tuple
        The sentences of each of ``assessment.images``.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> placement_sentences(assess(small_timeline((1.5, 2.0))))
    ((), ())
    """
    partly = any(p.evaluable_fraction is not None and p.evaluable_fraction < 1 for p in assessment.time_points)
    cut = cut_pictures(assessment.images) if partly else (False,) * len(assessment.images)
    return tuple(_of_one(image, cut=its) for image, its in zip(assessment.images, cut, strict=True))


def _of_one(image: ImageAssessment, *, cut: bool) -> tuple[str, ...]:
    alignment = image.alignment
    if alignment is not None and not alignment.ok:
        if any(d.problem in UNLIKE_OTHERS for d in image.doubts):
            return ()  # the doubt says so
        return (f"{PLACED_NOWHERE}{alignment.reason}; look whether both show the same side of one person",)
    return tuple(words for words in (lie_sentence(alignment), SHOWS_LESS if cut else "") if words)
