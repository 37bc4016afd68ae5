"""Doctor: faults, injected by real means where a process can bring them about, each get their remedy."""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infrastress.app.doctor import Check, diagnose, refuse_hopeless_start
from infrastress.app.probes import Limits, Machine, WriteTrial
from infrastress.core.errors import ConfigurationError

from .running import run

GB = 1024**3


def doctor(folder: Path, *options: str, **more) -> tuple[int, dict[str, dict[str, str]]]:
    done = run("doctor", "--out", str(folder), "--json", "--port", str(free_port()), *options, **more)
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in report["checks"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def limited(what: int, soft: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (soft, resource.getrlimit(what)[1]))


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


# Faults by real means


def test_a_healthy_machine_is_ready(tmp_path):
    status, checks = doctor(tmp_path)
    assert status == 0, checks
    assert {check["state"] for check in checks.values()} <= {"ok", "warn"}
    assert list(tmp_path.iterdir()) == []


def test_fault_read_only_folder(tmp_path):
    if os.geteuid() == 0:
        folder = Path("/proc/infrastress")  # rights don't bind root, a read-only file system does
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    status, checks = doctor(folder)
    assert status == 1
    assert checks["writing"]["state"] == "fail"
    assert "--out" in checks["writing"]["remedy"]
    assert "chmod" in checks["writing"]["remedy"]
    assert checks["database"]["state"] == "fail"


def test_fault_target_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("x")
    status, checks = doctor(tmp_path / "taken")
    assert status == 1
    assert "is a file" in checks["writing"]["found"]


def test_fault_few_open_files(tmp_path):
    status, checks = doctor(tmp_path, preexec_fn=limited(resource.RLIMIT_NOFILE, 40))
    assert status == 1
    assert checks["open files"]["state"] == "fail"
    assert "ulimit -n" in checks["open files"]["remedy"]


def test_fault_small_file_size_limit(tmp_path):
    status, checks = doctor(tmp_path, preexec_fn=limited(resource.RLIMIT_FSIZE, 1024 * 1024))
    assert status == 1
    assert "ulimit -f" in checks["file size"]["remedy"]


def test_fault_small_address_space(tmp_path):
    status, checks = doctor(tmp_path, preexec_fn=limited(resource.RLIMIT_AS, 2 * GB))
    assert status == 1
    assert "ulimit -v" in checks["memory"]["remedy"]


def test_fault_port_in_use(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("doctor", "--out", str(tmp_path), "--port", str(port))
    assert done.returncode == 1
    assert f"port {port} can't be used" in done.stdout
    assert "--port" in done.stdout


def test_fault_no_time_zone_database(tmp_path):
    blocked = tmp_path / "blocked" / "tzdata"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ImportError('not installed')")
    path = os.pathsep.join([str(blocked.parent), os.environ.get("PYTHONPATH", "")])
    status, checks = doctor(tmp_path, env={"PYTHONTZPATH": "", "PYTHONPATH": path})
    assert status == 1
    assert "tzdata" in checks["time zones"]["remedy"]


def test_fault_temporary_folder_is_gone(tmp_path):
    status, checks = doctor(tmp_path, env={"TMPDIR": str(tmp_path / "gone")})
    assert status == 0
    assert checks["temporary files"]["state"] == "warn"
    assert "TMPDIR" in checks["temporary files"]["remedy"]


def test_fault_terminal_without_unicode(tmp_path):
    status, checks = doctor(tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert status == 0
    assert checks["text"]["state"] == "warn"
    assert "LC_ALL" in checks["text"]["remedy"]


def test_fault_missing_package(tmp_path):
    script = (
        "import sys, importlib.machinery as m\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'duckdb': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from infrastress.app.cli import main\n"
        f"sys.exit(main(['doctor', '--out', {str(tmp_path)!r}, '--json', '--port', '{free_port()}']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    packages = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "packages")
    assert "duckdb" in packages["found"]
    assert "pip install" in packages["remedy"]


def test_fault_full_disk(tmp_path):
    """A real small file system where the process may mount one, else the same numbers told."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:

        class Full(Machine):
            def free_disk(self, folder: Path) -> int:
                return 1024 * 1024

        checks = {check.name: check.as_dict() for check in diagnose(folder, port=None, machine=Full())}
    else:
        try:
            _, checks = doctor(folder)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    assert checks["disk space"]["state"] == "fail"
    assert "another disk" in checks["disk space"]["remedy"]


# Faults that no test can bring about on a shared machine


class Faulty(Machine):
    """A sound machine, but for what a test overrides."""

    def port_error(self, port: int) -> OSError | None:
        return None


def test_fault_old_python(tmp_path):
    class Old(Faulty):
        def python(self) -> tuple[int, int]:
            return 3, 9

    check = named(diagnose(tmp_path, machine=Old()), "python")
    assert check.state == "fail"
    assert "3.11" in check.remedy


@pytest.mark.parametrize("seconds", [0.0, 1_500_000_000.0, 9e9, 1e15, -5.0])
def test_fault_wrong_clock(tmp_path, seconds):
    class Astray(Faulty):
        def now(self) -> float:
            return seconds

    check = named(diagnose(tmp_path, machine=Astray()), "clock")
    assert check.state == "fail"
    assert "timedatectl" in check.remedy


def test_fault_clock_jumps(tmp_path):
    class Jumping(Faulty):
        told = 0

        def now(self) -> float:
            self.told += 1
            return super().now() + (3600 if self.told > 1 else 0)

    check = named(diagnose(tmp_path, machine=Jumping()), "clock")
    assert check.state == "warn"
    assert "synchronisation" in check.remedy


def test_fault_little_memory(tmp_path):
    class Small(Faulty):
        def memory(self) -> int:
            return GB // 4

    check = named(diagnose(tmp_path, machine=Small()), "memory")
    assert check.state == "fail"
    assert "close other programs" in check.remedy


def test_a_hopeless_start_is_refused_in_ten_lines(tmp_path):
    class Hopeless(Faulty):
        def python(self) -> tuple[int, int]:
            return 3, 9

        def memory(self) -> int:
            return 1

        def limits(self) -> Limits:
            return Limits(8, 4096, None)

        def try_write(self, folder: Path, size: int) -> WriteTrial:
            return WriteTrial(folder, size, OSError(30, "Read-only file system"))

    from infrastress.app.cli import describe

    with pytest.raises(ConfigurationError) as caught:
        refuse_hopeless_start(tmp_path, machine=Hopeless())
    lines = describe(caught.value).splitlines()
    assert len(lines) <= 10
    assert "install Python 3.11" in describe(caught.value)
    refuse_hopeless_start(tmp_path, machine=Faulty())
