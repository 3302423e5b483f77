"""How many images are done, also of timelines that are under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from calcitrack.model.timeline import Timeline

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


def count_images(timeline: Timeline) -> int:
    """Exposures of a timeline."""
    return sum(len(t.exposures) for t in timeline.time_points)


class Tally:
    """Counts images: those of finished timelines, and of the others each that is followed by the next one.

    Whatever thread it is noted by; only `tell` calls the user's function.

    Parameters
    ----------
    timelines
        All that are measured.
    progress
        Whom to tell; ``None`` for nobody.
    """

    def __init__(self, timelines: Sequence[Timeline], progress: Progress | None) -> None:
        self._images = [count_images(t) for t in timelines]
        self._done = [0] * len(timelines)
        self._total = sum(self._images)
        self._told = -1
        self._progress = progress

    def finish(self, number: int) -> None:
        """All images of the timeline with this number are done."""
        self._done[number] = self._images[number]

    def observer(self, number: int) -> Callable[[str, str], None]:
        """An observer of `assess` for the timeline with this number."""
        begun: set[str] = set()

        def note(stage: str, source: str) -> None:
            if stage == "read" and source not in begun:
                self._done[number] = max(self._done[number], min(len(begun), self._images[number]))
                begun.add(source)

        return note

    def tell(self) -> None:
        """Tell the user's function, where there is something new."""
        done = sum(self._done)
        if self._progress is not None and done > self._told:
            self._told = done
            self._progress(done, self._total)
