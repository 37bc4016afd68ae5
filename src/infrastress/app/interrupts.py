"""Ctrl-C that isn't lost: libraries that try an import of their own may swallow the exception that it throws."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["check_interrupt", "remembering_interrupts", "was_interrupted"]

_seen = threading.Event()


@contextmanager
def remembering_interrupts() -> Iterator[None]:
    """Remember each Ctrl-C while the block runs; it throws KeyboardInterrupt as ever."""
    _seen.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def was_interrupted() -> bool:
    """Whether Ctrl-C was pressed since the command began."""
    return _seen.is_set()


def check_interrupt() -> None:
    """Throw KeyboardInterrupt once more where an earlier one was swallowed; called as work goes on."""
    if _seen.is_set():
        raise KeyboardInterrupt


def _remember(signum: int, frame: FrameType | None) -> None:
    _seen.set()
    signal.default_int_handler(signum, frame)
