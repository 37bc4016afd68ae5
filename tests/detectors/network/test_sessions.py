"""Rules of office protocols that reach controllers: what raises them, what doesn't, and what they say."""

from typing import Any

import pytest

from infrastress.core.time import SECOND, to_iso
from infrastress.detectors.network import NetworkRuleDetector
from infrastress.events import NetworkRow
from infrastress.site import Site
from tests.detectors.network.saying import ENG, HMI, LAPTOP, OFFICE, PLC, START, judge, raised, said, site

PUBLIC = "8.8.8.8"


def session(protocol: str, client: str, server: str = PLC, **fields: Any) -> NetworkRow:
    """A connection of an office protocol."""
    nothing = {"unit": None, "function": None, "function_name": None, "action": None}
    return said(5, client, server, **{"kind": "connection", "protocol": protocol, "ok": True, **nothing, **fields})


def wrote(protocol: str, client: str, name: str, **fields: Any) -> NetworkRow:
    return session(protocol, client, kind="transaction", action="file-write", object=name, **fields)


def certificate(text: str, client: str = HMI, server: str = PLC) -> NetworkRow:
    said_ = {"kind": "message", "sender": "server", "ok": None, "function": 11, "function_name": "certificate"}
    return session("tls", client, server, identity=text, **said_)


def with_conduit(*protocols: str) -> Site:
    plant = site()
    conduit = plant.conduits[0].model_copy(update={"protocols": ("modbus", *protocols)})
    return plant.model_copy(update={"conduits": (conduit,)})


@pytest.mark.parametrize("protocol", ["rdp", "vnc", "ssh", "telnet"])
def test_remote_administration_of_a_controller_needs_a_conduit(protocol: str) -> None:
    (one,) = judge(session(protocol, OFFICE))
    assert (one.body.rule, one.body.severity, one.body.techniques) == ("net.remote_admin", "high", ("T0886", "T0866"))
    assert one.body.sentence == (
        f"WS-1 ({OFFICE}) opened a {protocol} session with PLC-1 ({PLC}), for which the site model has no conduit"
    )
    assert raised(judge(session(protocol, ENG), given=with_conduit(protocol))) == []
    assert raised(judge(session(protocol, ENG), given=with_conduit("https"))) == ["net.remote_admin"]


def test_remote_administration_that_was_refused_is_less() -> None:
    (one,) = judge(session("rdp", OFFICE, ok=False))
    assert one.body.severity == "low"
    assert one.body.sentence.endswith(", and was refused")


def test_within_a_zone_only_a_stranger_is_told() -> None:
    assert raised(judge(session("ssh", "10.20.10.12"))) == []
    assert raised(judge(session("ssh", LAPTOP))) == ["net.remote_admin", "net.unknown_node"]


def test_of_offices_among_themselves_nothing_is_said() -> None:
    assert raised(judge(session("rdp", OFFICE, "10.20.40.52"))) == ["net.unknown_node"]


@pytest.mark.parametrize("protocol", ["smb", "ftp", "tftp", "http"])
def test_files_into_control_need_a_conduit(protocol: str) -> None:
    found = judge(wrote(protocol, OFFICE, "fw.bin"), wrote(protocol, OFFICE, "fw.bin"))
    one = next(finding for finding in found if finding.body.rule == "net.file_transfer")
    assert (one.body.severity, one.body.techniques) == ("high", ("T0867",))
    assert f"wrote the file fw.bin to PLC-1 ({PLC}) by {protocol}, 2 writes" in one.body.sentence
    assert "net.download" not in raised(found)
    assert raised(judge(wrote(protocol, HMI, "fw.bin"), given=with_conduit(protocol))) == []
    assert "net.file_transfer" not in raised(judge(session(protocol, OFFICE, kind="transaction", action="file-read")))


def test_a_tool_that_calls_out_is_told_and_another_name_is_not() -> None:
    for protocol, name in (("tls", "router1.teamviewer.com"), ("dns", "relays.net.anydesk.com.")):
        row = session(protocol, ENG, PUBLIC, kind="message", object=name, ok=None)
        one = next(one for one in judge(row) if one.body.rule == "net.remote_tool")
        assert (one.body.severity, one.body.techniques, one.assets) == ("high", ("T0886", "T0822"), ("ENG-1",))
    for client, name in ((ENG, "notteamviewer.com"), (OFFICE, "teamviewer.com")):
        row = session("tls", client, PUBLIC, kind="message", object=name, ok=None)
        assert "net.remote_tool" not in raised(judge(row))


def test_certificates() -> None:
    now, day = START + 5 * SECOND, 86_400 * SECOND
    dates = f"not_before={to_iso(now - 9 * day)}; not_after={to_iso(now + day)}"
    over = f"subject=CN=plc; not_before={to_iso(now - 9 * day)}; not_after={to_iso(now - day)}"
    early = f"subject=CN=plc; not_before={to_iso(now + day)}; not_after={to_iso(now + 9 * day)}"
    given = with_conduit("tls")
    for text, words in ((over, "which ended on 2025-12-31: CN=plc"), (early, "which begins on 2026-01-02: CN=plc")):
        (one,) = judge(certificate(text), given=given)
        assert (one.body.rule, one.body.severity) == ("net.certificate", "low")
        assert one.body.sentence.endswith(words)
    assert raised(judge(certificate(f"{dates}; self_signed=yes"), given=given)) == ["net.certificate"]
    assert raised(judge(certificate(f"{dates}; self_signed=yes", "10.20.10.12"), given=given)) == []
    assert raised(judge(certificate(f"subject=CN=plc; {dates}"), given=given)) == []
    assert raised(judge(certificate("validation=certificate has expired"), given=given)) == ["net.certificate"]


def test_the_internet_at_a_controller() -> None:
    found = judge(said(5, PUBLIC, PLC))
    one = next(one for one in found if one.body.rule == "net.internet_access")
    assert (one.body.severity, one.body.techniques) == ("high", ("T0883", "T0822"))
    assert f"{PUBLIC}, an address of the internet, spoke modbus to PLC-1" in one.body.sentence
    assert "net.internet_access" not in raised(judge(said(5, HMI, PUBLIC)))
    assert "net.internet_access" not in raised(judge(session("http", PUBLIC)))


def test_pages_that_are_not_there_are_no_storm() -> None:
    rows = [session("http", HMI, kind="transaction", ok=False, object=f"plc/{i}") for i in range(40)]
    assert raised(judge(*rows, given=with_conduit("http"))) == []


def test_every_card_names_active_techniques_and_is_of_the_detector() -> None:
    rules = ("net.remote_admin", "net.file_transfer", "net.remote_tool", "net.certificate", "net.internet_access")
    assert all(NetworkRuleDetector.cards[rule].techniques for rule in rules)
