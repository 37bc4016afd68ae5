"""Captures through the whole pipeline: the same results whatever the batches, a stop in the middle, or a run again."""

import json
from pathlib import Path

import pytest

from infrastress.app.baselines import Decision, decide
from infrastress.app.detecting import build_detectors, choose_detectors
from infrastress.app.pipeline import replay_recordings
from infrastress.app.training.run import train
from infrastress.connectors.recordings import open_recording
from infrastress.fusion import FusionUnit
from infrastress.runtime import DetectionUnit, export_results, replay_log
from infrastress.runtime.replay import replay
from infrastress.site.load import load_site
from infrastress.store.memory import MemoryStore
from tests.connectors.pcap.packets import mbap, pcap, talk
from tests.connectors.pcap.tapping import HEADER, record
from tests.detectors.network.saying import START

FILES = ("detections.jsonl", "alarms.jsonl", "incidents.jsonl")
SITE = """
id: plant
networks: [{id: lan, cidr: 10.0.0.0/24}]
assets:
- {id: HMI-1, type: host, role: hmi, interfaces: [{network: lan, address: 10.0.0.1}]}
- {id: PLC-9, type: controller, interfaces: [{network: lan, address: 10.0.0.9}]}
detectors: [{detector: site_network}, {detector: network_baseline}]
sources: [{id: tap, connector: pcap, kind: network, options: {path: taps}}]
"""
READ, ANSWER, REFUSAL = (bytes.fromhex(text) for text in ("0300640001", "0302002a", "8302"))
WRITE, LISTEN_ONLY = bytes.fromhex("0600640007"), bytes.fromhex("0800040000")


@pytest.fixture
def site(tmp_path: Path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.yaml").write_text(SITE)
    return load_site(tmp_path / "site")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Half an hour of reads of 10.0.0.2, which the model doesn't know; refusals, a write, and it is made silent."""
    turns = []
    for n in range(1, 180):
        pdu = REFUSAL if 60 <= n < 85 else ANSWER
        turns += [("c", mbap(n, READ if n < 60 else bytes([3, 0, n, 0, 1]))), ("s", mbap(n, pdu))]
    turns += [("c", mbap(200, WRITE)), ("s", mbap(200, WRITE)), ("c", mbap(201, LISTEN_ONLY))]
    path = tmp_path / "a.pcap"
    path.write_bytes(HEADER + b"".join(record(p, START + i * 5 * 10**9) for i, p in enumerate(talk(*turns))))
    return path


def results(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def test_batches_change_no_byte_and_packets_and_records_balance(site, capture, tmp_path):
    outs = []
    for rows in (None, 1, 7):
        judged = replay_recordings(
            site, tmp_path / "site", [capture], state=tmp_path / "state", out=tmp_path / f"out{rows}", batch_rows=rows
        )
        outs.append(results(tmp_path / f"out{rows}"))
        balance = judged.summary.balances["tap"]
        assert balance.balances
        assert (balance.read, balance.accepted, balance.cells_accepted) == (365, 365, 182)
        assert judged.summary.failed == {}
    assert outs[0] == outs[1] == outs[2]
    detections = [json.loads(line)["body"] for line in outs[0]["detections.jsonl"].splitlines()]
    rules = {one["rule"] for one in detections if one["phase"] == "raised"}
    assert rules == {"net.unknown_node", "net.silence", "net.poll_gap"}
    (silenced,) = [one for one in detections if one["rule"] == "net.silence" and one["phase"] == "raised"]
    assert silenced["packets"] == ["a.pcap#363"]


class StoppedError(Exception):
    pass


def test_a_replay_that_was_stopped_goes_on_and_a_log_runs_again_to_the_same(site, capture, tmp_path):
    chosen = choose_detectors(site)

    def connectors(rows: int):
        return open_recording(site, capture, batch_rows=rows)

    def run(store, feeds, rows):
        detectors = build_detectors(site, chosen, {})
        return replay(store, site, feeds, detectors, FusionUnit(site), batch_rows=rows, speed=1e9)

    class Stopping:
        def __init__(self, inner):
            self.inner, self.source = inner, inner.source

        def deliveries(self, after=None):
            for n, delivery in enumerate(self.inner.deliveries(after)):
                if n == 5:
                    raise StoppedError
                yield delivery

    whole, parts, again = MemoryStore(), MemoryStore(), MemoryStore()
    run(whole, connectors(20), 20)
    with pytest.raises(StoppedError):
        run(parts, [Stopping(one) for one in connectors(11)], 11)
    run(parts, connectors(11), 11)
    unit = DetectionUnit(site, build_detectors(site, chosen, {}))
    replay_log(parts.log, again, site, unit, FusionUnit(site))
    found = []
    for name, store in (("whole", whole), ("parts", parts), ("again", again)):
        export_results(store, site, tmp_path / name)
        found.append(results(tmp_path / name))
    assert found[0]["detections.jsonl"]
    assert found[0] == found[1] == found[2]


def test_learned_from_a_capture_approved_and_enforced(site, capture, tmp_path):
    state, folder = tmp_path / "state", tmp_path / "site"
    trained = train(site, folder, [capture], state, by="engineer", why="first week")
    assert (trained.frames, trained.refused) == (31, False)
    assert list(trained.baselines) == ["network_baseline"]
    held = trained.baselines["network_baseline"].warnings
    assert any("modbus write single register" in one and "net.silence" in one for one in held)
    decide(state, Decision(version=1, action="approved", at="2026-01-02T00:00:00Z", by="engineer"))
    other = tmp_path / "b.pcap"
    turns = [("c", mbap(1, READ)), ("s", mbap(1, ANSWER)), ("c", mbap(2, WRITE)), ("s", mbap(2, WRITE))]
    packets = talk(*turns, server=("10.0.0.2", 502))
    strange = [packet.replace(bytes([10, 0, 0, 1]), bytes([10, 0, 0, 66])) for packet in packets]
    other.write_bytes(HEADER + b"".join(record(p, START + i * 10**9) for i, p in enumerate([*packets, *strange])))
    judged = replay_recordings(site, folder, [other], state=state, out=tmp_path / "out")
    assert judged.baselines["network_baseline"].approved
    detections = [json.loads(line)["body"] for line in results(tmp_path / "out")["detections.jsonl"].splitlines()]
    said = {(one["rule"], one["sentence"].split(" ")[0]) for one in detections if one["detector"] == "network_baseline"}
    assert {("net.new_node", "10.0.0.66,"), ("net.rogue_master", "10.0.0.66,")} <= said
    assert {rule for rule, who in said if who == "HMI-1"} == {"net.unapproved_write"}, "its write is held for review"


def test_the_log_of_a_capture_is_exported_in_an_open_format(site, capture):
    from infrastress.app.keeping.export import _line
    from infrastress.app.keeping.readable import unreadable
    from infrastress.store.ports import read_all, type_of

    store = MemoryStore()
    replay(
        store, site, open_recording(site, capture), build_detectors(site, choose_detectors(site), {}), FusionUnit(site)
    )
    told = [_line(r) for r in read_all(store.log, "ingest/plant/main") if type_of(r.subject) == "network"]
    assert {kind for kind, _ in told} == {"network"}
    rows = [row for _, line in told for row in json.loads(line)["rows"]]
    assert len(rows) == 182
    assert rows[0]["function_name"] == "read holding registers"
    assert rows[0]["known"].startswith("2026-01-01T00:00:15")
    assert unreadable(store) == []


def test_a_capture_cut_in_its_header_says_so_and_nothing_more(site, tmp_path):
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap([])[:12])
    judged = replay_recordings(site, tmp_path / "site", [path], state=tmp_path / "state")
    assert judged.summary.balances["tap"].as_dict()["quarantined"] == {"damaged-capture": 1}
