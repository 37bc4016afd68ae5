"""Secrets come from the environment or a file of strict mode, and never into a message."""

from pathlib import Path

import pytest

from infrastress.core.errors import ConfigurationError
from infrastress.core.secrets import Secrets


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_from_a_file(tmp_path: Path) -> None:
    assert Secrets(write(tmp_path / "secrets.yaml", "broker: hunter2\npin: 42\n")).get("pin") == "42"


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFRASTRESS_SECRET_MY_BROKER", "env")
    assert Secrets(write(tmp_path / "secrets.yaml", "my-broker: file\n")).get("my-broker") == "env"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="others may read"):
        Secrets(write(tmp_path / "secrets.yaml", "broker: hunter2\n", mode))


@pytest.mark.parametrize("text", ["- hunter2\n", "broker: [hunter2]\n", "broker: {a: hunter2}", "a: b: hunter2"])
def test_a_broken_file_says_so_and_no_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secrets(write(tmp_path / "secrets.yaml", text))
    assert "hunter2" not in str(caught.value)


def test_a_missing_secret_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="INFRASTRESS_SECRET_BROKER"):
        Secrets().get("broker")
    assert "hunter2" not in repr(Secrets(write(tmp_path / "s.yaml", "broker: hunter2")))
