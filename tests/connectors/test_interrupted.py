"""A signal that comes while a file is read belongs to the command: none is lost, and the reading goes on."""

import os
import signal
import threading
import time
from io import BytesIO
from types import FrameType

from infrastress.connectors.files.delimited import pacsv

_SIGNALS = 20
_TABLE = b"time,level\n" + b"1,2\n" * 20_000


def test_reading_leaves_signals_to_the_command() -> None:
    seen = 0

    def count(_signum: int, _frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1

    def press() -> None:
        for told in range(_SIGNALS):
            time.sleep(0.005)
            os.kill(os.getpid(), signal.SIGINT)
            patience = time.monotonic() + 2.0
            while seen == told and time.monotonic() < patience:
                time.sleep(0.001)

    before = signal.signal(signal.SIGINT, count)
    try:
        pressing = threading.Thread(target=press)
        pressing.start()
        while pressing.is_alive():
            assert pacsv.read_csv(BytesIO(_TABLE)).num_rows == 20_000
        pressing.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == _SIGNALS
