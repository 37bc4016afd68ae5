"""A server's certificate, made once."""

from pathlib import Path

import pytest

from tests.connectors.opcua.certificates import certificate


@pytest.fixture(scope="session")
def server_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Its certificate (DER) and key (PEM)."""
    return certificate(tmp_path_factory.mktemp("server"), "server", "urn:freeopcua:python:server")
