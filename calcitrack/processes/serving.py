"""What runs inside a worker process."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from threading import Thread
from typing import Any

TOLD, DONE, FAILED = "told", "done", "failed"
"""Kinds of messages that a worker process sends: a progress report, its answer, its exception."""


def serve(pipe: Connection[Any, Any]) -> None:
    """Carry out one task after the other until the pipe ends."""
    import cv2

    cv2.setNumThreads(1)  # there is a process for each processor
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_carried_out(pipe.recv_bytes(), partial(_tell, pipe)))


def _end_with_parent() -> None:
    """End this process when its parent is gone: a parent that was killed cannot end it, and nobody waits for its answer."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _tell(pipe: Connection[Any, Any], *content: Any) -> None:
    pipe.send_bytes(ForkingPickler.dumps((TOLD, content)))


def _carried_out(message: bytes, tell: Callable[..., None]) -> memoryview | bytes:
    try:
        function, arguments, heard = ForkingPickler.loads(message)
        if heard:
            tell()  # it begins
        answer = (DONE, function(*arguments, tell) if heard else function(*arguments))
    except Exception as error:
        error.add_note(f"in another process:\n{traceback.format_exc()}")
        answer = (FAILED, error)
    try:
        return ForkingPickler.dumps(answer)
    except Exception as error:
        return ForkingPickler.dumps((FAILED, TypeError(f"an answer that cannot be sent ({type(error).__name__}: {error})")))
