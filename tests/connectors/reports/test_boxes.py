"""Boxes, vault and records: what was acknowledged is there, what was erased is gone, whatever is torn or forged."""

import os
import signal
import subprocess
import sys
import zlib
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.connectors.reports.box import Box, Place
from infrastress.connectors.reports.records import Act, Boxes, Record, event_of, new_receipt, verdict_of, withheld
from infrastress.connectors.reports.vault import Vault
from infrastress.core.time import DAY
from tests.connectors.conftest import small_site

NOW = 1_773_000_000 * 10**9

SITE = small_site()


def test_what_is_appended_is_read_in_order_from_any_place(tmp_path):
    box = Box(tmp_path / "inbox", "main")
    assert list(box.read()) == []
    box.append([b"one", b"two"], NOW)
    box.append([b"three"], NOW + DAY)
    lines = list(box.read())
    assert [line.data for line in lines] == [b"one", b"two", b"three"]
    for number, line in enumerate(lines):
        assert [later.data for later in box.read(line.behind)] == [b"one", b"two", b"three"][number + 1 :]
    assert (tmp_path / "inbox" / "main-2026-03-08.log").stat().st_mode & 0o077 == 0


def test_a_clock_that_goes_back_writes_on_in_the_newest_file(tmp_path):
    box = Box(tmp_path, "main")
    box.append([b"one"], NOW)
    box.append([b"two"], NOW - 3 * DAY)
    assert [line.data for line in box.read()] == [b"one", b"two"]
    assert len(box.files()) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_torn_end_costs_itself_alone(tmp_path_factory, seed):
    random, folder = Random(seed), tmp_path_factory.mktemp("box")
    box = Box(folder, "main")
    box.append([b"first", b"second"], NOW)
    path = folder / box.files()[0]
    with path.open("ab") as file:  # a crash in the middle of a line that nobody was told of
        line = b"%08x %s\n" % (zlib.crc32(b"third"), b"third")
        file.write(line[: random.randrange(1, len(line) - 1)])
    before = list(box.read())
    assert [line.data for line in before] == [b"first", b"second"]
    box.append([b"fourth"], NOW)
    assert [line.data for line in box.read() if line.data is not None] == [b"first", b"second", b"fourth"]
    assert [line.data for line in box.read(before[-1].behind)] == [None, b"fourth"]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    box = Box(tmp_path, "main")
    box.append([b"one"], NOW)

    def full(handle, data):
        os.pwrite(handle, data[:5], os.fstat(handle).st_size)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("infrastress.connectors.reports.box._write", full)
    with pytest.raises(OSError, match="No space"):
        box.append([b"two"], NOW)
    monkeypatch.undo()
    box.append([b"three"], NOW)
    assert [line.data for line in box.read()] == [b"one", b"three"]


WRITER = """
import sys
from pathlib import Path
from infrastress.connectors.reports.box import Box
box, number = Box(Path(sys.argv[1]), "main"), 0
while True:
    box.append([b"report %d" % number], 1_773_000_000 * 10**9)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path):
    for round_ in range(5):
        folder = tmp_path / str(round_)
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
        told = [int(writer.stdout.readline()) for _ in range(20 + 7 * round_)]
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        told += [int(line) for line in writer.stdout.read().split(b"\n") if line.isdigit()]
        held = [line.data for line in Box(folder, "main").read()]
        assert held[: len(told)] == [b"report %d" % number for number in told]


def test_old_days_are_deleted_and_the_newest_never(tmp_path):
    box = Box(tmp_path, "main")
    for day in (0, 1, 50):
        box.append([b"%d" % day], NOW + day * DAY)
    box.retire(20, NOW + 60 * DAY)
    assert [line.data for line in box.read()] == [b"50"]
    box.retire(20, NOW + 600 * DAY)
    assert [line.data for line in box.read(Place("main-2026-03-08.log", 99))] == [b"50"]


def test_what_is_sealed_opens_for_its_reporter_until_they_are_erased(tmp_path):
    vault = Vault(tmp_path / "keys")
    one, other = vault.reporter("token one"), vault.reporter("token two")
    assert vault.reporter("token one") == one != other
    sealed, theirs = vault.seal(one, b"call me", "AAAAAA"), vault.seal(other, b"and me", "BBBBBB")
    assert b"call me" not in sealed
    again = Vault(tmp_path / "keys")
    assert again.open(one, sealed, "AAAAAA") == b"call me"
    assert again.open(one, sealed, "BBBBBB") is None
    assert again.open(other, sealed, "AAAAAA") is None
    assert again.open(one, sealed[:-1] + b"x", "AAAAAA") is None
    assert again.erase(one)
    assert not again.erase(one)
    assert vault.open(one, sealed, "AAAAAA") is None
    assert vault.open(other, theirs, "BBBBBB") == b"and me"
    with pytest.raises(KeyError):
        vault.seal(one, b"more", "AAAAAA")
    assert vault.reporter("token one") != one, "the device is somebody new"
    assert vault.open("../../etc/passwd", sealed, "x") is None


def test_a_network_has_another_name_each_day_and_the_old_key_is_gone(tmp_path):
    vault = Vault(tmp_path / "keys")
    assert vault.network("192.0.2.7", NOW) == vault.network("192.0.2.99", NOW) != vault.network("192.0.3.7", NOW)
    assert vault.network("2001:db8:1:2::1", NOW) == vault.network("2001:db8:1:ffff::9", NOW)
    assert vault.network("nonsense", NOW) == ""
    first = vault.network("192.0.2.7", NOW)
    assert vault.network("192.0.2.7", NOW + DAY) != first
    assert len(list((tmp_path / "keys").glob("day-*"))) == 1


def test_keys_that_nobody_used_for_long_are_deleted(tmp_path):
    vault = Vault(tmp_path / "keys")
    old, new = vault.reporter("old"), vault.reporter("new")
    os.utime(tmp_path / "keys" / f"{old}.secret", ns=(NOW, NOW))
    os.utime(tmp_path / "keys" / f"{new}.secret", ns=(NOW + 99 * DAY, NOW + 99 * DAY))
    vault.retire(50, NOW + 100 * DAY)
    assert not vault.knows("old")
    assert vault.knows("new")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call +39 333 1234567 now", "call [contact withheld] now"),
        ("write to a.b+c@example.org.", "write to [contact withheld]"),
        ("02/12345678", "[contact withheld]"),
        ("tank 12, 30 minutes, 1.5 km", "tank 12, 30 minutes, 1.5 km"),
        ("since 14:35, about 200 m from T-101", "since 14:35, about 200 m from T-101"),
    ],
)
def test_contacts_in_the_text_are_withheld(text, shown):
    assert withheld(text) == shown


def record(**more):
    fields = {
        "number": "ABCDEF", "mark": "m", "received": NOW, "occurred": NOW - 10**9, "category": "smell",
        "reporter": "r-1", "sealed": b"secret words",
    }  # fmt: skip
    return Record(**fields | more)


def test_the_event_holds_pseudonyms_and_nothing_sealed():
    event = event_of(record(text="petrol", photo="a" * 64, network="n-1"), SITE, "reports", 3)
    assert (event.body.reporter, event.body.receipt, event.body.network) == ("r-1", "ABCDEF", "n-1")
    assert event.blobs == ("a" * 64,)
    assert b"secret" not in msgspec.json.encode(event)
    assert event_of(record(assets=("nowhere",)), SITE, "reports", 3).assets == ()


def test_a_verdict_is_an_event_and_no_other_act_is():
    said = verdict_of(Act("ABCDEF", "confirmed", NOW, by="op"), SITE, "reports", 0)
    assert (said.body.receipt, said.body.verdict, said.body.by) == ("ABCDEF", "confirmed", "op")
    assert verdict_of(Act("ABCDEF", "answered", NOW), SITE, "reports", 0) is None


def test_receipts_are_many_and_hold_no_letters_that_are_mistaken():
    receipts = {new_receipt() for _ in range(2000)}
    assert len(receipts) == 2000
    assert not {"0", "O", "1", "I", "U"} & set("".join("".join(one) for one in receipts))


def test_strange_lines_are_passed_over(tmp_path):
    boxes = Boxes(tmp_path)
    boxes.lanes["main"].append([b"{}", b"[]", b"\xff", msgspec.json.encode(record()), b"[" * 5000], NOW)
    assert [one.number for one in boxes.records()] == ["ABCDEF"]
