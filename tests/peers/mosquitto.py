"""A mosquitto broker on loopback, and a publisher that speaks to it with the paho library."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from tests.peers.certificates import Certificates
from tests.peers.processes import ServerProcess, program

__all__ = ["MISSING", "Broker", "Publisher", "needs_mosquitto"]

MISSING = "mosquitto is not installed (Debian package mosquitto)"
needs_mosquitto = pytest.mark.skipif(program("mosquitto") is None, reason=MISSING)


class Broker(ServerProcess):
    """A broker that keeps its sessions in a file, and lets everybody in or one user by password and TLS.

    Args:
        folder: for its files.
        port: on loopback.
        certificates: serve TLS with these.
        ask: whether clients have to show a certificate.
        user: name and password of the only one who may connect.
        lines: more lines of configuration.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        certificates: Certificates | None = None,
        ask: bool = False,
        user: tuple[str, str] | None = None,
        lines: Sequence[str] = (),
    ) -> None:
        self.folder = folder / f"broker-{port}"
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o777)
        settings = [
            f"listener {port} 127.0.0.1",
            f"allow_anonymous {'false' if user else 'true'}",
            "persistence true",
            f"persistence_location {self.folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "set_tcp_nodelay true",
            "user root",
            *lines,
        ]
        if certificates is not None:
            settings += [f"certfile {certificates.server}", f"keyfile {certificates.server_key}"]
            settings += [f"cafile {certificates.authority}", f"require_certificate {'true' if ask else 'false'}"]
        if user is not None:
            passwords = self.folder / "passwords"
            passwords.write_text(f"{user[0]}:{user[1]}\n")
            passwords.chmod(0o600)
            subprocess.run([_tool("mosquitto_passwd"), "-U", passwords], check=True)
            settings.append(f"password_file {passwords}")
        file = self.folder / "mosquitto.conf"
        file.write_text("\n".join(settings) + "\n")
        super().__init__([_tool("mosquitto"), "-c", file], port, self.folder / "log")


def _tool(name: str) -> str:
    found = program(name)
    if found is None:
        pytest.skip(MISSING)
    return found


class Publisher:
    """Publishes and waits until the broker has it.

    Args:
        port: of the broker.
        will: topic and payload that the broker publishes when this publisher dies.
        trust: PEM of who signed the broker's certificate, where it speaks TLS.
    """

    def __init__(self, port: int, will: tuple[str, bytes] | None = None, trust: Path | None = None) -> None:
        self._port = port
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if will is not None:
            self._client.will_set(*will, qos=1)
        if trust is not None:
            self._client.tls_set(str(trust))

    def start(self) -> None:
        """Connect."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        deadline = time.monotonic() + 10
        while not self._client.is_connected():
            assert time.monotonic() < deadline, "the publisher doesn't reach the broker"
            time.sleep(0.005)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 it returns when the broker has it."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(10)

    def stop(self) -> None:
        """Say goodbye."""
        self._client.disconnect()
        self._client.loop_stop()

    def die(self) -> None:
        """End without a goodbye: the broker tells its will."""
        self._client.loop_stop()
        sock = self._client.socket()
        if sock is not None:
            sock.close()
