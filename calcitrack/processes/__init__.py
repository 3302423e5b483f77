"""Local processes that work for this one, and that are gone at once when they are told to.

The standard library's `ProcessPoolExecutor` is not used: its own thread reads from a pipe whose writing end this process holds as well, so that
a process ended in the middle of an answer leaves that thread, and with it the interpreter, waiting for the rest for ever.
Here each process has a pipe of its own, whose other end nobody else holds: when the process ends, the pipe ends, and whoever waits for it goes on.
"""

from calcitrack.processes.pool import SUBMITTED_AHEAD, ProcessPool, in_order
from calcitrack.processes.worker import ProcessEndedError, ProcessSilentError

__all__ = ["SUBMITTED_AHEAD", "ProcessEndedError", "ProcessPool", "ProcessSilentError", "in_order"]
