"""Can it run here? Each check says ok, warn or fail, with cause and remedy; a start that can't succeed is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from infrastress.app.probes import Machine, nearest_existing
from infrastress.core.errors import ConfigurationError, InputError

__all__ = ["PORT", "Check", "diagnose", "refuse_hopeless_start"]

MB = 1024 * 1024
PORT = 8470
"""Where the console will answer unless told otherwise."""

BUILT = 1_790_000_000  # 2026-09-21; a clock that says earlier is wrong
_FAR = BUILT + 40 * 365 * 86_400
_PACKAGES = (
    "alembic", "click", "duckdb", "matplotlib", "msgspec", "netaddr", "networkx", "numpy", "pint", "psutil", "pyarrow",
    "pydantic", "rich", "ruamel.yaml", "shapely", "sqlalchemy",
)  # fmt: skip
_MEMORY_LEAST, _MEMORY_GOOD = 700 * MB, 1500 * MB
_ADDRESS_LEAST = 3000 * MB
_DISK_LEAST, _DISK_GOOD = 300 * MB, 2000 * MB
_FILE_LEAST = 256 * MB
_FILES_LEAST, _FILES_GOOD = 64, 256


class Check(NamedTuple):
    """One answer: what was looked at, how it stands, what was found, and what to do where it isn't well."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(self._asdict())


def diagnose(folder: Path, *, port: int | None = PORT, machine: Machine | None = None) -> list[Check]:
    """Every check, in order.

    Args:
        folder: where output is to be written; it need not exist yet.
        port: the local port to be used; None when none is needed.
        machine: the machine to ask; the real one by default.
    """
    machine = machine or Machine()
    return [
        *_python(machine), *_packages(machine), *_plugins(), *_template(), *_cpu(machine), *_memory(machine),
        *_files(machine), *_disk(machine, folder), *_writing(machine, folder), *_store(folder), *_temporary(machine),
        *_clock(machine), *_time_zones(machine), *_encoding(machine), *_port(machine, port),
    ]  # fmt: skip


def refuse_hopeless_start(folder: Path, *, machine: Machine | None = None) -> None:
    """Refuse a start that can't succeed, in at most ten lines.

    Raises:
        ConfigurationError: with the cause and remedy of what failed.
    """
    machine = machine or Machine()
    asked = [
        *_python(machine), *_packages(machine), *_memory(machine), *_files(machine), *_disk(machine, folder),
        *_writing(machine, folder), *_clock(machine), *_time_zones(machine),
    ]  # fmt: skip
    failed = [check for check in asked if check.state == "fail"]
    if not failed:
        return
    lines = [f"{check.name}: {check.found}" for check in failed[:3]]
    more = f" (and {len(failed) - 3} more; see `infrastress doctor`)" if len(failed) > 3 else ""
    raise ConfigurationError(
        "this start can't succeed" + more + "\n    " + "\n    ".join(lines),
        remedy="\n    ".join(["", *(check.remedy for check in failed[:3])]),
    )


def _python(machine: Machine) -> Iterator[Check]:
    major, minor = machine.python()
    good = (3, 11) <= (major, minor) < (3, 14)
    remedy = "install Python 3.11, 3.12 or 3.13 and call: make run PYTHON=python3.11"
    yield Check("python", "ok" if good else "fail", f"Python {major}.{minor}", "" if good else remedy)


def _packages(machine: Machine) -> Iterator[Check]:
    missing = machine.missing_packages(_PACKAGES)
    if missing:
        yield Check(
            "packages",
            "fail",
            f"missing or broken: {', '.join(missing)}",
            "install them: python -m pip install infrastress",
        )
    else:
        yield Check("packages", "ok", f"all {len(_PACKAGES)} present")


def _plugins() -> Iterator[Check]:
    from infrastress.core.errors import PluginError
    from infrastress.core.plugins import load_plugin, plugin_names

    broken, count = [], 0
    for family in ("connectors", "simulators", "detectors"):
        names = plugin_names(family)
        if not names:
            broken.append(f"no {family} registered")
        for name in names:
            count += 1
            try:
                load_plugin(family, name)
            except (PluginError, AttributeError) as error:
                broken.append(f"{family[:-1]} {name}: {error}")
    if broken:
        yield Check(
            "plugins", "fail", "; ".join(broken), "install infrastress again: python -m pip install --force-reinstall"
        )
    else:
        yield Check("plugins", "ok", f"{count} connectors, simulators and detectors load")


def _template() -> Iterator[Check]:
    from infrastress.site.templates import template_folder

    try:
        folder = template_folder("depot")
    except InputError:
        yield Check(
            "reference site",
            "fail",
            "the depot template is missing from this installation",
            "install infrastress again: python -m pip install --force-reinstall infrastress",
        )
    else:
        yield Check("reference site", "ok", f"depot template with {sum(1 for _ in folder.rglob('*.yaml'))} YAML files")


def _cpu(machine: Machine) -> Iterator[Check]:
    cores = machine.cores()
    if cores < 2:
        yield Check("processor", "warn", f"{cores} core", "it runs, only slower; 2 cores are enough")
    else:
        yield Check("processor", "ok", f"{cores} cores")


def _memory(machine: Machine) -> Iterator[Check]:
    free = machine.memory()
    address = machine.limits().address_space
    if address is not None and address < _ADDRESS_LEAST:
        yield Check(
            "memory",
            "fail",
            f"this shell limits a process to {address // MB} MB of address space",
            "lift the limit in the same shell: ulimit -v unlimited",
        )
    elif free < _MEMORY_LEAST:
        remedy = f"close other programs or raise the container's limit; {_MEMORY_LEAST // MB} MB must be free"
        yield Check("memory", "fail", f"{free // MB} MB free", remedy)
    elif free < _MEMORY_GOOD:
        yield Check("memory", "warn", f"{free // MB} MB free", f"{_MEMORY_GOOD // MB} MB are comfortable for the demo")
    else:
        yield Check("memory", "ok", f"{free // MB} MB free")


def _files(machine: Machine) -> Iterator[Check]:
    limit = machine.limits().open_files
    if limit is not None and limit < _FILES_GOOD:
        state: Literal["warn", "fail"] = "fail" if limit < _FILES_LEAST else "warn"
        yield Check(
            "open files",
            state,
            f"at most {limit} open files allowed",
            "raise the limit in the same shell: ulimit -n 1024",
        )
    else:
        yield Check("open files", "ok", "no limit" if limit is None else f"up to {limit}")


def _disk(machine: Machine, folder: Path) -> Iterator[Check]:
    try:
        free = machine.free_disk(folder)
    except OSError as error:
        yield Check("disk space", "fail", f"{folder}: {error.strerror}", "choose another folder with --out")
        return
    if free < _DISK_GOOD:
        fail = free < _DISK_LEAST
        remedy = f"free space, or choose a folder on another disk with --out; {_DISK_LEAST // MB} MB are needed"
        yield Check("disk space", "fail" if fail else "warn", f"{free // MB} MB free for {folder}", remedy)
    else:
        yield Check("disk space", "ok", f"{free // MB} MB free")
    limit = machine.limits().file_size
    if limit is not None and limit < _FILE_LEAST:
        yield Check(
            "file size",
            "fail",
            f"this shell limits a file to {limit // 1024} kB",
            "lift the limit in the same shell: ulimit -f unlimited",
        )


def _writing(machine: Machine, folder: Path) -> Iterator[Check]:
    if folder.exists() and not folder.is_dir():
        yield Check("writing", "fail", f"{folder} is a file, not a folder", "name a folder, or remove the file")
        return
    trial = machine.try_write(folder, 64 * 1024)
    if trial.error is None:
        yield Check("writing", "ok", f"files can be written and synced in {trial.folder}")
    else:
        yield Check(
            "writing",
            "fail",
            f"{trial.folder} can't be written to: {trial.error.strerror}",
            "take a folder that is yours with --out, or get the right to this one (chmod u+w)",
        )


def _store(folder: Path) -> Iterator[Check]:
    from infrastress.store.probe import probe_database

    found = probe_database(nearest_existing(folder))
    if found.error:
        yield Check(
            "database",
            "fail",
            f"SQLite {found.version}: {found.error}",
            "put the folder on a local disk (network shares can't lock), with Python built on SQLite 3.35 or newer",
        )
    else:
        yield Check("database", "ok", f"SQLite {found.version}, write-ahead log works")


def _temporary(machine: Machine) -> Iterator[Check]:
    used, ignored = machine.temp_folder()
    if used is None:
        yield Check(
            "temporary files",
            "fail",
            "no folder for temporary files",
            "make one: export TMPDIR=$HOME/tmp; mkdir -p $TMPDIR",
        )
    elif ignored:
        yield Check(
            "temporary files",
            "warn",
            f"TMPDIR={ignored} can't be used, {used} is",
            "make that folder, or: unset TMPDIR",
        )
    else:
        yield Check("temporary files", "ok", used)


def _clock(machine: Machine) -> Iterator[Check]:
    from infrastress.core.time import SECOND, to_iso

    before, steady = machine.now(), machine.monotonic()
    text = to_iso(int(before) * SECOND) if 0 <= before < 250e9 else f"{before} s"
    if not BUILT <= before < _FAR:
        yield Check(
            "clock", "fail", f"the clock says {text}", "set the clock (timedatectl set-ntp true, or date -s ...)"
        )
        return
    drift = (machine.now() - before) - (machine.monotonic() - steady)
    if abs(drift) > 0.5:
        yield Check(
            "clock", "warn", f"the clock just jumped by {drift:+.1f} s", "wait until time synchronisation has settled"
        )
    else:
        yield Check("clock", "ok", text)


def _time_zones(machine: Machine) -> Iterator[Check]:
    error = machine.time_zone_error("Europe/Rome")
    if error:
        yield Check("time zones", "fail", error, "install the time zone database: python -m pip install tzdata")
    else:
        yield Check("time zones", "ok", "database present")


def _encoding(machine: Machine) -> Iterator[Check]:
    name = machine.encoding()
    try:
        "m³ → ü".encode(name)
    except (UnicodeEncodeError, LookupError):
        yield Check(
            "text", "warn", f"the terminal speaks {name}: some characters show as escapes", "export LC_ALL=C.UTF-8"
        )
    else:
        yield Check("text", "ok", name)


def _port(machine: Machine, port: int | None) -> Iterator[Check]:
    if port is None:
        return
    error = machine.port_error(port)
    if error is None:
        yield Check("port", "ok", f"{port} is free")
    else:
        yield Check(
            "port",
            "fail",
            f"port {port} can't be used: {error.strerror}",
            "stop the program that uses it, or name another port with --port",
        )
