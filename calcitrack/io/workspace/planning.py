"""Planning of a run: find timelines already measured from the same files with the same settings by the same program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from calcitrack.io.cohort.exposure_file import Content, FileState, files_of
from calcitrack.io.files.sources import archives_kept_open
from calcitrack.io.workspace.codec import Json, storable
from calcitrack.io.workspace.measured import MeasuredBefore
from calcitrack.io.workspace.requests import request_digest, why_again
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.progress import Progress
from calcitrack.model.timeline import Timeline

READERS = 4
"""Threads that read files to compare them with what is on record: one waits for the disk while another computes."""
AT_A_TIME = 64
"""Timelines that are compared together, so that few records lie in memory."""
WITHOUT_DIGESTS = "an earlier version of calcitrack did not note which bytes it was measured from"


@dataclass(frozen=True, slots=True)
class PlannedTimeline:
    """A timeline of a run.

    Parameters
    ----------
    request
        Digest of the request.
    files
        Its files at the start of the run; ``None`` where an image did not come from a file, so that it cannot be recognised.
    known
        Its recorded assessment.
    reason
        Why it is measured again though it was measured before; empty where it was not.
    """

    request: str
    files: tuple[FileState, ...] | None
    known: MeasuredBefore | None = None
    reason: str = ""

    def contents(self) -> tuple[Content, ...] | None:
        """Present content of its files; ``None`` where one cannot be read, or an image did not come from a file."""
        found = [f.content() for f in self.files or ()]
        return None if self.files is None or None in found else tuple(c for c in found if c is not None)

    def may_be(self, before: MeasuredBefore) -> bool:
        """Whether an earlier assessment may be reused, as far as can be decided without reading files."""
        earlier = before.measured_from
        if self.files is None or earlier.unread or [storable(f.source.name) for f in self.files] != [c.source for c in earlier.contents]:
            return False
        return all(f.may_hold(c) for f, c in zip(self.files, earlier.contents, strict=True))


@dataclass(frozen=True, slots=True)
class Planner:
    """Looks up timelines in a workspace.

    Parameters
    ----------
    options, made_by
        Settings, and what carries them out, as JSON.
    """

    workspace: Workspace
    options: Json
    made_by: Json
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(READERS))

    def asked(self, timeline: Timeline) -> PlannedTimeline:
        """The request for a timeline, without a look-up."""
        files = [files_of(e) for t in timeline.time_points for e in t.exposures]
        known = None if None in files else tuple(f for several in files for f in several or ())
        return PlannedTimeline(request_digest(timeline, self.options, self.made_by), known)

    def places(self, timelines: Sequence[Timeline], progress: Progress) -> Iterator[PlannedTimeline]:
        """Each timeline with its recorded assessment, in order."""
        coming, done = iter(timelines), 0
        with self.pool:
            while some := tuple(islice(coming, AT_A_TIME)):
                yield from self._some(some)
                done += len(some)
                progress(done, len(timelines))

    def _some(self, timelines: Sequence[Timeline]) -> Iterator[PlannedTimeline]:
        places = [self.asked(t) for t in timelines]
        before = [[b for b in self.workspace.measured_before(t.key, p.request) if p.may_be(b)] for t, p in zip(timelines, places, strict=True)]
        wanted = [p if b else None for p, b in zip(places, before, strict=True)]
        with archives_kept_open(f.source.path for p in wanted if p is not None for f in p.files or () if f.source.member):
            contents = list(self.pool.map(lambda p: None if p is None else p.contents(), wanted))
        for timeline, place, candidates, found in zip(timelines, places, before, contents, strict=True):
            known = next((b for b in candidates if found is not None and _same(b, found)), None)
            yield replace(place, known=known, reason="" if known else self._reason(timeline, place))

    def _reason(self, timeline: Timeline, place: PlannedTimeline) -> str:
        """Why a timeline that was measured before is measured again; empty where it was not."""
        last = self.workspace.last_outcome(timeline.key)
        if last is None:
            return ""
        sources = {storable(e.source) for t in timeline.time_points for e in t.exposures}
        own = bool(timeline.key.patient_id)  # several timelines without a patient share their key
        if last.failed and (own or not sources.isdisjoint(map(storable, last.sources))):
            return f"it failed the last time: {last.reason}"
        earlier = (
            b for b in self.workspace.measured_before(timeline.key) if own or not sources.isdisjoint(c.source for c in b.measured_from.contents)
        )
        before = next(earlier, None)
        if before is None:
            return WITHOUT_DIGESTS if own and place.files is not None else ""
        return why_again(before, self.options, self.made_by, lambda: place.contents() or ())


def _same(before: MeasuredBefore, found: Sequence[Content]) -> bool:
    return [(c.size_bytes, c.sha256) for c in before.measured_from.contents] == [(c.size_bytes, c.sha256) for c in found]
