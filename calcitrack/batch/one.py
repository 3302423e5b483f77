"""One timeline: measured by this process or by another one, whatever it does to that."""

from __future__ import annotations

import pickle
import signal
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.reduction import ForkingPickler
from typing import Any

from calcitrack.assess import AssessOptions, assess
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.timeline import Timeline
from calcitrack.processes import ProcessEndedError, ProcessPool, ProcessSilentError

Outcome = Assessment | TimelineFailure

PROCESS_ENDED = "its process was ended from outside, most likely because the memory did not suffice; measure it alone, or with fewer workers"
OUT_OF_MEMORY = "the memory did not suffice; measure it alone, or with fewer workers"
CRASHED = "its process crashed"
"""How the reason begins where a library breaks down on a file; what it did and on which file follows."""

TIME_LIMIT_S = 600.0
"""A step on one film (read, search, align, measure) takes seconds, and a minute for the largest film on a busy machine: far beyond, it hangs."""
CRASHES = frozenset(
    -getattr(signal, name) for name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS") if hasattr(signal, name)
) | {0xC0000005, 0xC0000374, 0xC00000FD, 0xC0000409}
"""Exit codes of a process that broke down by itself (signals of POSIX; access violation, heap, stack of Windows): it would do so again."""
PACKED_LEVEL = 1
"""zlib's quickest: masks shrink a hundredfold in a hundredth of the time that it takes to measure them."""


class LostError(Exception):
    """Who measured a timeline was ended, and it is not known whether by that timeline: it is worth another try, alone."""


def assess_one(timeline: Timeline, options: AssessOptions | None, observe: Observer | None = None) -> Outcome:
    """The assessment, or why there is none."""
    try:
        return assess(timeline, options=options, observe=observe)
    except MemoryError:
        return failure(timeline, OUT_OF_MEMORY)
    except Exception as error:  # the fence of the batch: whatever one timeline does, the others go on
        return failure(timeline, f"an unexpected error ({_told(error)}); please report it")


def failure(timeline: Timeline, reason: str) -> TimelineFailure:
    """A timeline without an assessment."""
    return TimelineFailure(timeline.key, reason, tuple(e.source for t in timeline.time_points for e in t.exposures))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"


def packed(content: object) -> bytes:
    """Anything of ours as a few bytes that travel."""
    return zlib.compress(ForkingPickler.dumps(content), PACKED_LEVEL)


def unpacked(content: bytes) -> Any:
    """What `packed` was given."""
    return pickle.loads(zlib.decompress(content))  # noqa: S301 from processes of ours only


def picklable(timeline: Timeline) -> bool:
    """False for images made in memory, whose loader cannot travel to another process."""
    try:
        ForkingPickler.dumps(timeline)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def packed_outcome(timeline: Timeline, options: AssessOptions | None, tell: Observer) -> bytes:
    """What another process does: measure, and hand back few bytes."""
    return packed(assess_one(timeline, options, tell))


class InProcess:
    """A timeline that a process of a pool measures.

    Parameters
    ----------
    pool
        Local processes.
    timeline
        What is measured.
    work
        Does it in the process: can be pickled, is called with an observer, and gives a `packed` outcome.
    limit_s
        A process that begins no new step for so long is ended, s; ``None`` waits.
    observe
        As for `assess`; called by a thread of the pool.
    """

    def __init__(
        self, pool: ProcessPool, timeline: Timeline, work: Callable[[Observer], bytes], limit_s: float | None, observe: Observer | None = None
    ) -> None:
        self._timeline, self._limit_s, self._observe = timeline, limit_s, observe
        self._stage: Stage | None = None
        self._source = ""
        self.future: Future[bytes] = pool.submit_heard(self._heard, limit_s, work)

    def result(self) -> Outcome:
        """The outcome, waited for.

        Raises
        ------
        LostError
            The process was killed from outside, as for lack of memory.
        """
        answer = self.answer()
        if isinstance(answer, TimelineFailure):
            return answer
        outcome: Outcome = unpacked(answer)
        return outcome

    def answer(self) -> bytes | TimelineFailure:
        """What `work` gave, waited for, or why it gave nothing; raises as `result` does."""
        try:
            return self.future.result()
        except ProcessSilentError:
            reason = f"it did not come to an end within {self._limit_s:g} s{self._where()}; look at that file, or allow more time"
        except ProcessEndedError as error:
            if error.exit_code not in CRASHES:
                raise LostError from error
            reason = f"{CRASHED} ({_name(error.exit_code)}){self._where()}; look at that file, and please report it"
        except Exception as error:  # the outcome itself could not be sent back
            reason = f"its result could not be handed over ({_told(error)}); please report it"
        return failure(self._timeline, reason)

    def _heard(self, stage: Stage, source: str) -> None:
        self._stage, self._source = stage, source
        if self._observe is not None:
            self._observe(stage, source)

    def _where(self) -> str:
        return "" if self._stage is None else f" while {self._stage.activity} {self._source}"


def _name(exit_code: int | None) -> str:
    try:
        return signal.Signals(-(exit_code or 0)).name
    except ValueError:
        return f"exit code {exit_code:#x}"
