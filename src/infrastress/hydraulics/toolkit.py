"""EPANET's toolkit in memory: one opened network, its numbers read and written in bulk.

A thin binding to the EPANET 2.2 library that WNTR brings. WNTR's own wrapper logs every warning of every step and makes
a Python call with conversions of each number; here arguments are made once, so that reading 444 flows takes 0.15 ms.
No file is written: reports go to the null device and hydraulics are solved without saving.

Names of codes are EPANET's (`EN_...` of epanet2_enums.h, version 2.2).
"""

import ctypes
import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from infrastress.core.errors import InputError, PluginError, SimulationError

__all__ = ["Code", "Project"]

Array = npt.NDArray[np.float64]


class Code:
    """Codes of EPANET's toolkit that are used here."""

    NODES, TANKS, LINKS, PATTERNS, CURVES, CONTROLS, RULES = 0, 1, 2, 3, 4, 5, 6
    # of a node
    ELEVATION, BASE_DEMAND, EMITTER, TANK_LEVEL, DEMAND, HEAD, PRESSURE = 0, 1, 3, 8, 9, 10, 11
    TANK_DIAMETER, MIN_VOLUME, VOLUME_CURVE, MIN_LEVEL, MAX_LEVEL = 17, 18, 19, 20, 21
    TANK_VOLUME, MAX_VOLUME, CAN_OVERFLOW, DEFICIT = 24, 25, 26, 27
    # of a link
    INIT_STATUS, FLOW, STATUS, SETTING, POWER, LINK_PATTERN = 4, 8, 11, 12, 13, 15
    # of time
    DURATION, HYDRAULIC_STEP, PATTERN_STEP, PATTERN_START, REPORT_STEP, START_TIME = 0, 1, 3, 4, 5, 10
    # options
    ACCURACY, EMITTER_EXPONENT, DEMAND_MULTIPLIER, UNBALANCED = 1, 3, 4, 14
    JUNCTION, RESERVOIR, TANK = 0, 1, 2
    CHECK_VALVE, PIPE, PUMP, PRV, PSV, PBV, FCV, TCV, GPV = 0, 1, 2, 3, 4, 5, 6, 7, 8


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    try:
        from importlib.resources import files

        from wntr.epanet.toolkit import libepanet
    except ImportError as error:
        raise PluginError("simulating a water network needs WNTR", remedy="pip install 'infrastress[water]'") from error
    return ctypes.CDLL(str(files("wntr.epanet").joinpath(libepanet)))


class Project:
    """An EPANET network, opened from its file; a context manager.

    Indexes of nodes and links count from 1, as EPANET's do. Numbers are in the file's own units. Some broken files
    bring EPANET 2.2 down, and the process with it: have `site.epanet.read_network` read a stranger's file first.

    Raises:
        InputError: EPANET doesn't open the file; says why.
    """

    def __init__(self, path: Path) -> None:
        self._call = _library()
        self._handle = ctypes.c_void_p()
        self._call.EN_createproject(ctypes.byref(self._handle))
        code = self._call.EN_open(self._handle, os.fsencode(path), os.fsencode(os.devnull), b"")
        if code >= 100:
            said = self.message(code)
            self._call.EN_deleteproject(self._handle)
            raise InputError(f"EPANET doesn't open the network: {said}", where=str(path))
        self._open = True
        self._call.EN_setstatusreport(self._handle, 0)  # nobody reads the report
        self._call.EN_setreport(self._handle, b"MESSAGES NO")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free what EPANET holds; doing it twice is harmless."""
        if self._open:
            self._open = False
            self._call.EN_closeH(self._handle)
            self._call.EN_close(self._handle)
            self._call.EN_deleteproject(self._handle)

    def message(self, code: int) -> str:
        """EPANET's own words for an error or warning."""
        text = ctypes.create_string_buffer(256)
        self._call.EN_geterror(code, text, 255)
        return text.value.decode("latin-1").strip() or f"error {code}"

    def _checked(self, code: int, doing: str) -> int:
        if code >= 100:
            raise SimulationError(f"EPANET can't {doing}: {self.message(code)}")
        return code

    # Single numbers

    def count(self, what: int) -> int:
        """Number of nodes, links, controls, rules, ..."""
        number = ctypes.c_int()
        self._checked(self._call.EN_getcount(self._handle, what, ctypes.byref(number)), "count")
        return number.value

    def names(self, of: str) -> tuple[str, ...]:
        """Names of all nodes (`node`) or links (`link`), by index."""
        get = getattr(self._call, f"EN_get{of}id")
        text = ctypes.create_string_buffer(64)
        found = []
        for i in range(1, self.count(Code.NODES if of == "node" else Code.LINKS) + 1):
            get(self._handle, i, text)
            try:
                found.append(text.value.decode())
            except UnicodeDecodeError:  # EPANET for Windows writes its own code page
                found.append(text.value.decode("latin-1"))
        return tuple(found)

    def integers(self, function: str, count: int) -> npt.NDArray[np.int64]:
        """What a function of (index, int*) says for indexes 1 to count."""
        get, number = getattr(self._call, function), ctypes.c_int()
        found = np.zeros(count, dtype=np.int64)
        for i in range(count):
            self._checked(get(self._handle, i + 1, ctypes.byref(number)), function)
            found[i] = number.value
        return found

    def ends(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Positions (from 0) of the nodes where each link begins and ends."""
        count, first, last = self.count(Code.LINKS), ctypes.c_int(), ctypes.c_int()
        start, end = np.zeros((2, count), dtype=np.int64)
        for i in range(count):
            self._call.EN_getlinknodes(self._handle, i + 1, ctypes.byref(first), ctypes.byref(last))
            start[i], end[i] = first.value - 1, last.value - 1
        return start, end

    def flow_units(self) -> int:
        """EPANET's code of the flow units."""
        number = ctypes.c_int()
        self._call.EN_getflowunits(self._handle, ctypes.byref(number))
        return number.value

    def time(self, what: int) -> int:
        """A time parameter, s."""
        number = ctypes.c_long()
        self._checked(self._call.EN_gettimeparam(self._handle, what, ctypes.byref(number)), "read a time")
        return number.value

    def set_time(self, what: int, seconds: int) -> None:
        """Set a time parameter, s."""
        self._checked(self._call.EN_settimeparam(self._handle, what, ctypes.c_long(seconds)), "set a time")

    def option(self, what: int) -> float:
        """A number among the options."""
        number = ctypes.c_double()
        self._checked(self._call.EN_getoption(self._handle, what, ctypes.byref(number)), "read an option")
        return number.value

    def set_option(self, what: int, value: float) -> None:
        """Set a number among the options."""
        self._checked(self._call.EN_setoption(self._handle, what, ctypes.c_double(value)), "set an option")

    def demand_model(self) -> tuple[bool, float, float, float]:
        """Whether demand depends on pressure; lowest and required pressure; exponent."""
        kind, numbers = ctypes.c_int(), [ctypes.c_double() for _ in range(3)]
        self._call.EN_getdemandmodel(self._handle, ctypes.byref(kind), *map(ctypes.byref, numbers))
        low, required, exponent = (one.value for one in numbers)
        return bool(kind.value), low, required, exponent

    def set_demand_model(self, *, pressure: bool, low: float, required: float, exponent: float) -> None:
        """Let demand depend on pressure or not."""
        numbers = (ctypes.c_double(one) for one in (low, required, exponent))
        code = self._call.EN_setdemandmodel(self._handle, int(pressure), *numbers)
        self._checked(code, "set the demand model")

    # Demands and patterns

    def demands(self, node: int) -> list[tuple[float, int]]:
        """Base demand and pattern (0 is none) of each category of a junction."""
        count, base, pattern = ctypes.c_int(), ctypes.c_double(), ctypes.c_int()
        self._call.EN_getnumdemands(self._handle, node, ctypes.byref(count))
        found = []
        for i in range(1, count.value + 1):
            self._call.EN_getbasedemand(self._handle, node, i, ctypes.byref(base))
            self._call.EN_getdemandpattern(self._handle, node, i, ctypes.byref(pattern))
            found.append((base.value, pattern.value))
        return found

    def clear_demands(self, node: int) -> None:
        """Every category of a junction is 0 and follows no pattern."""
        for i in range(1, len(self.demands(node)) + 1):
            self._checked(self._call.EN_setbasedemand(self._handle, node, i, ctypes.c_double(0)), "set a demand")
            self._checked(self._call.EN_setdemandpattern(self._handle, node, i, 0), "set a demand's pattern")

    def pattern(self, index: int) -> Array:
        """Factors of a pattern; one 1 for pattern 0."""
        if index == 0:
            return np.ones(1)
        length, value = ctypes.c_int(), ctypes.c_double()
        self._call.EN_getpatternlen(self._handle, index, ctypes.byref(length))
        found = np.ones(length.value)
        for i in range(length.value):
            self._call.EN_getpatternvalue(self._handle, index, i + 1, ctypes.byref(value))
            found[i] = value.value
        return found

    # Bulk

    def reader(self, of: str, code: int, positions: Sequence[int]) -> Callable[[], Array]:
        """A function that reads one number of each node or link (positions from 0) into an array of its own.

        The array is the same at every call: copy what must be kept.
        """
        get = getattr(self._call, f"EN_get{of}value")
        memory = np.zeros(len(positions))
        base, width = memory.ctypes.data, memory.itemsize
        what, handle = ctypes.c_int(code), self._handle
        calls = [
            (handle, ctypes.c_int(int(at) + 1), what, ctypes.c_void_p(base + i * width))
            for i, at in enumerate(positions)
        ]

        def read() -> Array:
            deque(starmap(get, calls), maxlen=0)  # the quickest loop there is without compiling one
            return memory

        return read

    def writer(self, of: str, code: int, positions: Sequence[int]) -> Callable[[Array], None]:
        """A function that sets one number of each node or link (positions from 0).

        Nobody else may set them: what is as it was written last isn't written again.
        """
        put: Any = getattr(self._call, f"EN_set{of}value")
        what, handle = ctypes.c_int(code), self._handle
        cells = [(ctypes.c_int(int(at) + 1), ctypes.c_double()) for at in positions]
        written = np.full(len(cells), np.nan)

        def write(values: Array) -> None:
            for i in np.flatnonzero(values != written).tolist():
                index, cell = cells[i]
                cell.value = values[i]
                put(handle, index, what, cell)
            written[:] = values

        return write

    def put(self, of: str, code: int, position: int, value: float) -> None:
        """Set one number of a node or link (position from 0)."""
        function = getattr(self._call, f"EN_set{of}value")
        code = function(self._handle, position + 1, code, ctypes.c_double(value))
        self._checked(code, f"set a {of}")

    def get(self, of: str, code: int, position: int) -> float:
        """One number of a node or link (position from 0)."""
        function, number = getattr(self._call, f"EN_get{of}value"), ctypes.c_double()
        self._checked(function(self._handle, position + 1, code, ctypes.byref(number)), f"read a {of}")
        return number.value

    # Running

    def delete_controls(self) -> None:
        """Take every simple control and rule out of the network."""
        for _ in range(self.count(Code.CONTROLS)):
            self._checked(self._call.EN_deletecontrol(self._handle, 1), "delete a control")
        for _ in range(self.count(Code.RULES)):
            self._checked(self._call.EN_deleterule(self._handle, 1), "delete a rule")

    def begin(self) -> None:
        """Go to time 0, flows estimated anew."""
        self._call.EN_closeH(self._handle)
        self._checked(self._call.EN_openH(self._handle), "open the hydraulics")
        self.begin_again()

    def begin_again(self) -> None:
        """Go to time 0, flows estimated anew, where `begin` was called before; half the work."""
        self._checked(self._call.EN_initH(self._handle, 10), "begin")

    def solve(self) -> tuple[int, int]:
        """Solve at the present time.

        Returns:
            The time in s, and EPANET's warning: 0 none, 1 unbalanced, 2 unstable, 3 disconnected, 4 a pump beyond its
            curve, 5 a valve can't deliver, 6 negative pressures.
        """
        now = ctypes.c_long()
        code = self._checked(self._call.EN_runH(self._handle, ctypes.byref(now)), "solve the hydraulics")
        return now.value, code

    def advance(self) -> int:
        """Go to the next time; seconds gone, 0 at the end."""
        step = ctypes.c_long()
        self._checked(self._call.EN_nextH(self._handle, ctypes.byref(step)), "go on")
        return step.value
