"""What `doctor` asks the machine: each question one method, so that a test can answer otherwise."""

import os
import socket
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

__all__ = ["Limits", "Machine", "WriteTrial", "nearest_existing"]


class Limits(NamedTuple):
    """Soft limits of this process; None where there is none."""

    open_files: int | None
    file_size: int | None
    address_space: int | None


class WriteTrial(NamedTuple):
    """What writing, syncing and removing a file of `size` bytes in a folder came to; `error` None when it went well."""

    folder: Path
    size: int
    error: OSError | None


class Machine:
    """The machine as `doctor` sees it. A test answers otherwise by overriding a method."""

    def python(self) -> tuple[int, int]:
        """Major and minor version of the interpreter."""
        return sys.version_info[0], sys.version_info[1]

    def missing_packages(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of `names` that can't be found."""
        missing = []
        for name in names:
            try:
                found = find_spec(name) is not None
            except (ImportError, ValueError):
                found = False
            if not found:
                missing.append(name)
        return tuple(missing)

    def cores(self) -> int:
        """Processors this process may use."""
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity is not None else os.cpu_count() or 1

    def memory(self) -> int:
        """Bytes this process may still use: what the machine has, cut by the container's limit."""
        import psutil

        available = int(psutil.virtual_memory().available)
        for limit_file, use_file in _CGROUPS:
            try:
                limit, used = Path(limit_file).read_text().strip(), Path(use_file).read_text().strip()
            except OSError:
                continue
            if limit.isdigit():
                available = min(available, max(int(limit) - int(used), 0))
        return available

    def free_disk(self, folder: Path) -> int:
        """Bytes free where `folder` is, or will be."""
        import shutil

        return shutil.disk_usage(nearest_existing(folder)).free

    def try_write(self, folder: Path, size: int) -> WriteTrial:
        """Write for real: rights on paper say nothing about read-only mounts, quotas or limits."""
        place = nearest_existing(folder)
        try:
            handle, name = tempfile.mkstemp(prefix=".infrastress-doctor-", dir=place)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(bytes(size))
                    file.flush()
                    os.fsync(file.fileno())
            finally:
                os.unlink(name)
        except OSError as error:
            return WriteTrial(place, size, error)
        return WriteTrial(place, size, None)

    def limits(self) -> Limits:
        """What the shell allows this process."""
        try:
            import resource
        except ImportError:  # no such limits on this system
            return Limits(None, None, None)

        def soft(what: int) -> int | None:
            value = resource.getrlimit(what)[0]
            return None if value == resource.RLIM_INFINITY else value

        return Limits(soft(resource.RLIMIT_NOFILE), soft(resource.RLIMIT_FSIZE), soft(resource.RLIMIT_AS))

    def now(self) -> float:
        """Seconds since 1970 by the wall clock."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds by the clock that never jumps."""
        return time.monotonic()

    def port_error(self, port: int) -> OSError | None:
        """Why a local port can't be listened on; None when it can."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                return error
        return None

    def time_zone_error(self, name: str) -> str | None:
        """Why a time zone can't be looked up; None when it can."""
        import zoneinfo

        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            return str(error).strip("'\"")
        return None

    def encoding(self) -> str:
        """How standard output encodes text."""
        return sys.stdout.encoding or "ascii"

    def temp_folder(self) -> tuple[str | None, str | None]:
        """(the folder for temporary files or None, the one the environment asks for but can't be used or None)."""
        asked = next((os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), None)
        try:
            used = tempfile.gettempdir()
        except FileNotFoundError:
            return None, asked
        ignored = asked if asked is not None and Path(asked).absolute() != Path(used).absolute() else None
        return used, ignored


_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the nearest parent that exists."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
