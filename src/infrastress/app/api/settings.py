"""Settings of the API, and what it is given by whoever starts it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from infrastress.app.keeping.backup import Place
from infrastress.client.site import CheckReport
from infrastress.detectors.base import Detector, RuleCard
from infrastress.site import Site

__all__ = ["LOOPBACK_NAMES", "STORY_VARIABLE", "ApiSettings", "InForce", "is_loopback"]

STORY_VARIABLE = "INFRASTRESS_STORY"
"""Environment variable by which a demo says which story its simulated plant plays."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class ApiSettings:
    """How the API behaves.

    Attributes:
        host: what it listens on.
        hosts: names by which it may be called, without port; loopback names and `host` are added.
        tls: whether callers come over TLS, ended here or by a proxy in front: cookies are then for TLS alone.
        rate, burst: requests of one client, a second in the long run and at once.
        max_body: bytes of a request's body.
        max_streams: followers of the stream at once.
        frame_s: shortest time between two frames of the stream.
        heartbeat_s: longest silence on the stream.
        send_s: a follower that takes nothing for this long is dropped.
        ring_bytes, ring_frames: what is kept of the stream in memory, for all followers together.
        catch_up: records of the log that a follower who comes back is told of; if there are more it starts anew.
        pulse_s: a pulse older than this, in seconds of wall time, is stale: nothing is known any more.
        history_rows: values of one answer without `width`.
        expected_rows: values that may be read to say what was expected in one span.
        history_at_once: history queries at once; further ones wait, beyond `history_waiting` they are sent away.
        shelve_s: longest time for which an alarm may be shelved.
        story: which story a demo plays; empty where it is none.
    """

    host: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()
    tls: bool = False
    rate: float = 50.0
    burst: float = 200.0
    max_body: int = 64_000
    max_streams: int = 200
    frame_s: float = 0.2
    heartbeat_s: float = 10.0
    send_s: float = 20.0
    ring_bytes: int = 16_000_000
    ring_frames: int = 600
    catch_up: int = 100_000
    pulse_s: float = 5.0
    history_rows: int = 200_000
    expected_rows: int = 2_000_000
    history_at_once: int = 2
    history_waiting: int = 32
    shelve_s: float = 7 * 86_400.0
    story: str = ""

    @property
    def local(self) -> bool:
        """Whether only this machine can call."""
        return is_loopback(self.host)


@dataclass(frozen=True)
class InForce:
    """The site model in force and what goes with it.

    Attributes:
        site: the model.
        cards: rule cards by rule.
        faults: of the site file, as plain mappings.
        status: what the supervisor says of the service; None where there is none.
        detectors: those in force, made when first asked for; they are asked what they expect and never to judge.
        check: checks the site's folder as it is on disk now; None where no folder is known.
        connectors: how each source is reached, by source.
        versions: of the detectors that judge, by name.
        baselines: content hashes of what they learned and goes by, by name.
        live: the running service's folder; None where there is none.
        learned: which version of the baselines that is, and who answers for it; empty where none is enforced.
        reports: the folder of what people reported by the form; None where there is no form.
        place: where the site's parts lie; None where no folder is known.
    """

    site: Site
    cards: Mapping[str, RuleCard]
    faults: tuple[Mapping[str, Any], ...] = ()
    status: Callable[[], Mapping[str, Any] | None] = field(default=lambda: None)
    detectors: Callable[[], Sequence[Detector]] = field(default=tuple)
    check: Callable[[], CheckReport] | None = None
    connectors: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    baselines: Mapping[str, str] = field(default_factory=dict)
    live: Path | None = None
    learned: Mapping[str, Any] = field(default_factory=dict)
    reports: Path | None = None
    place: Place | None = None


def is_loopback(host: str) -> bool:
    """Whether an address or name is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
