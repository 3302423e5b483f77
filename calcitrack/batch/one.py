"""Measure one timeline, in this process or another one; turn crashes and time-outs into failures."""

from __future__ import annotations

import pickle
import signal
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.reduction import ForkingPickler
from typing import Any

from calcitrack.assess import AssessOptions, assess
from calcitrack.batch.progress import StoppedError
from calcitrack.errors import InvalidValueError, OwnCodeError, UnsupportedModalityError
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import TimelineFailure
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.timeline import Timeline
from calcitrack.processes import ProcessEndedError, ProcessPool, ProcessSilentError

Outcome = Assessment | TimelineFailure

PROCESS_ENDED = "its process was ended from outside, most likely because the memory did not suffice; measure it alone, or with fewer workers"
OUT_OF_MEMORY = "the memory did not suffice; measure it alone, or with fewer workers"
CRASHED = "its process crashed"
"""Begins the reason of a failure where a library crashed; the signal, the stage and the file follow."""

TIME_LIMIT_S = 600.0
"""Time limit of a step on one film (read, search, align, measure), s. It takes seconds, and a minute for the largest film on a busy machine."""
CRASHES = frozenset(
    -getattr(signal, name) for name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS") if hasattr(signal, name)
) | {0xC0000005, 0xC0000374, 0xC00000FD, 0xC0000409}
"""Exit codes of a process that crashed by itself and would do so again: POSIX signals; access violation, heap and stack errors of Windows."""
PACKED_LEVEL = 1
"""zlib's fastest level: masks shrink a hundredfold, in a hundredth of the time that measuring them takes."""


class LostError(Exception):
    """The process that measured a timeline was ended, perhaps not because of it; a second try, alone, may succeed."""


def assess_one(timeline: Timeline, options: AssessOptions | None, observe: Observer | None = None) -> Outcome:
    """The assessment, or the failure that says why there is none."""
    try:
        return assess(timeline, options=options, observe=observe)
    except StoppedError:
        raise
    except MemoryError:
        return failure(timeline, OUT_OF_MEMORY)
    except (UnsupportedModalityError, OwnCodeError) as error:
        return failure(timeline, str(error))
    except Exception as error:  # whatever goes wrong with one timeline, the others go on
        return failure(timeline, f"an unexpected error ({_described(error)}); please report it")


def failure(timeline: Timeline, reason: str) -> TimelineFailure:
    """The failure of a timeline, with its files."""
    return TimelineFailure(timeline.key, reason, timeline.files)


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"


def packed(content: object) -> bytes:
    """An object of calcitrack as a few bytes that can be sent to another process."""
    return zlib.compress(ForkingPickler.dumps(content), PACKED_LEVEL)


def unpacked(content: bytes) -> Any:
    """Inverse of `packed`."""
    return pickle.loads(zlib.decompress(content))  # noqa: S301 from our own processes only


def picklable(timeline: Timeline) -> bool:
    """Whether a timeline can be sent to another process; not where its images were made in memory."""
    try:
        ForkingPickler.dumps(timeline)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def check_travels(options: AssessOptions | None) -> None:
    """Refuse code of the user's own that other processes could not find.

    Raises
    ------
    InvalidValueError
        A segmenter or measurand that does not pickle, or that was typed into a session.
    """
    for code in options.own_code if options else ():
        problem = ""
        try:
            ForkingPickler.dumps(code.function)
        except Exception as error:  # pickle raises several kinds, and the user's own object any
            problem = _described(error)
        if code.identity.module == "__main__" and not hasattr(sys.modules["__main__"], "__file__"):
            problem = "it was typed into a session"
        if problem:
            raise InvalidValueError(
                f"{code.identity.address} cannot be sent to worker processes ({problem}); define it at the top level of a module that they can "
                "import, or measure in this process (workers=None)"
            )


def packed_outcome(timeline: Timeline, options: AssessOptions | None, observe: Observer) -> bytes:
    """Measure in another process; gives the `packed` outcome."""
    return packed(assess_one(timeline, options, observe))


class InProcess:
    """A timeline that a process of a pool measures.

    Parameters
    ----------
    pool
        Local processes.
    timeline
        What is measured.
    work
        Measures it in the process. It can be pickled, is called with an observer, and gives a `packed` outcome.
    limit_s
        A process that begins no new step within this time is ended, s; ``None`` waits.
    observe
        As for `assess`; called in a thread of the pool.
    """

    def __init__(
        self, pool: ProcessPool, timeline: Timeline, work: Callable[[Observer], bytes], limit_s: float | None, observe: Observer | None = None
    ) -> None:
        self._timeline, self._limit_s, self._observe = timeline, limit_s, observe
        self._stage: Stage | None = None
        self._source = ""
        self.future: Future[bytes] = pool.submit_heard(self._heard, limit_s, work)

    def result(self) -> Outcome:
        """Wait for the outcome.

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
        """Wait for what `work` gives, or for the reason why it gives nothing; raises as `result` does."""
        try:
            return self.future.result()
        except ProcessSilentError:
            reason = f"it did not come to an end within {self._limit_s:g} s{self._where()}; look at that file, or allow more time"
        except ProcessEndedError as error:
            if error.exit_code not in CRASHES:
                raise LostError from error
            reason = f"{CRASHED} ({_name(error.exit_code)}){self._where()}; look at that file, and please report it"
        except Exception as error:  # the outcome could not be sent back
            reason = f"its result could not be handed over ({_described(error)}); please report it"
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
