"""fairseq's threads that prepare batches ahead, ended before the interpreter ends.

Training that stops within an epoch (`--max-update`, `--stop-time-hours`, an error) leaves such a
daemon thread at work. If it is inside torch while Python shuts down, C++ calls `std::terminate`:
the process prints "terminate called without an active exception" and dies with status 134, after
all its work was done and saved.
"""

import atexit
import queue
import threading
import time

from fairseq.data.iterators import BackgroundConsumer

PATIENCE = 10.0  # seconds; a thread that waits longer for its data is not inside torch


def install() -> None:
    """Have the threads ended when the process ends; harmless however often it is called."""
    atexit.unregister(end_threads)
    atexit.register(end_threads)


def end_threads() -> None:
    """Let every thread finish the batch it is at and stop, its further batches unread."""
    deadline = time.monotonic() + PATIENCE
    for thread in threading.enumerate():
        if isinstance(thread, BackgroundConsumer):
            _end(thread, deadline)


def _end(thread: BackgroundConsumer, deadline: float) -> None:
    thread._max_len = 0  # looked at after each batch
    while thread.is_alive() and time.monotonic() < deadline:
        try:  # a thread that waits for room in a full queue gets it
            thread._queue.get(timeout=0.02)
        except queue.Empty:
            continue
