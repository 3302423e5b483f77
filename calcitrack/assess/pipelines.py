"""The pipelines that come with the program, and which one measures a timeline."""

from __future__ import annotations

from collections.abc import Sequence

from calcitrack.assess.film import FilmPipeline
from calcitrack.assess.pipeline import AnyPipeline
from calcitrack.errors import UnsupportedModalityError
from calcitrack.model.timeline import TimelineKey

PIPELINES: tuple[AnyPipeline, ...] = (FilmPipeline(),)
"""In the order in which they are asked; the first that handles a modality measures it."""


def pipeline_for(key: TimelineKey, pipelines: Sequence[AnyPipeline] = PIPELINES) -> AnyPipeline:
    """The pipeline of a timeline's modality.

    Raises
    ------
    UnsupportedModalityError
        None of them measures such images.

    Examples
    --------
    >>> pipeline_for(TimelineKey("P1", modality="DX")).images
    'radiographs'
    """
    for pipeline in pipelines:
        if pipeline.handles(key.modality):
            return pipeline
    measured = " and ".join(p.images for p in pipelines) or "nothing"
    raise UnsupportedModalityError(
        str(key), f"images of modality {key.modality or 'not stated'}", f"{measured}: no pipeline of this run measures others", "leave them out"
    )
