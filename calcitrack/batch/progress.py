"""Count of the images that are done, also in timelines under way."""

from __future__ import annotations

from collections.abc import Sequence

from calcitrack.model.progress import Observer, Progress, Stage
from calcitrack.model.timeline import Timeline


def count_images(timeline: Timeline) -> int:
    """Exposures of a timeline."""
    return sum(len(t.exposures) for t in timeline.time_points)


class ImageCounter:
    """Counts finished images: all of a finished timeline; of one under way, each image after which the next one began.

    Observers may be called from any thread. Only `report` calls the user's function.

    Parameters
    ----------
    timelines
        All that are measured.
    progress
        The user's function; ``None`` where nobody asks.
    """

    def __init__(self, timelines: Sequence[Timeline], progress: Progress | None) -> None:
        self._images = [count_images(t) for t in timelines]
        self._done = [0] * len(timelines)
        self._total = sum(self._images)
        self._reported = -1
        self._progress = progress

    def finish(self, number: int) -> None:
        """Count all images of the timeline with this number as done."""
        self._done[number] = self._images[number]

    def observer(self, number: int) -> Observer:
        """An observer of `assess` for the timeline with this number."""
        begun: set[str] = set()

        def note(stage: Stage, source: str) -> None:
            if stage is Stage.READ and source not in begun:
                self._done[number] = max(self._done[number], min(len(begun), self._images[number]))
                begun.add(source)

        return note

    def report(self) -> None:
        """Call the user's function if more images are done than at the last call."""
        done = sum(self._done)
        if self._progress is not None and done > self._reported:
            self._reported = done
            self._progress(done, self._total)
