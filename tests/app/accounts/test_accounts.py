"""Accounts, sessions and tokens: what may be chosen, how long it holds, and that no secret lies on the disk."""

import stat
import threading
from pathlib import Path

import pytest
from argon2 import extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from infrastress.app.accounts import Book
from infrastress.app.accounts.book import FILE, SessionPolicy, digest
from infrastress.app.accounts.passwords import check_password, hash_password, nobodys_hash, verify
from infrastress.app.accounts.permissions import ROLES, Identity, may
from infrastress.app.accounts.throttle import Buckets, Failures
from infrastress.app.cli import main
from infrastress.core.errors import ConfigurationError, InputError

GOOD, OTHER = "four dull green lamps", "nine loud iron doors"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def book(tmp_path, clock):
    book = Book(tmp_path, SessionPolicy(idle_s=100, absolute_s=1000, one_time_s=500, touch_s=10), clock)
    assert book.add("ada", "operator", GOOD) is None
    return book


def test_who_signs_in_is_known_until_unused_or_too_old(book, clock):
    secret, session = book.sign_in("ada", GOOD, "10.0.0.1")
    assert (session.name, session.address) == ("ada", "10.0.0.1")
    assert book.session(secret) == Identity("ada", "operator", "session", digest(secret))
    for _ in range(9):
        clock.now += 95  # each use keeps it
        assert book.session(secret) is not None
    clock.now += 101
    assert book.session(secret) is None
    secret, _ = book.sign_in("ada", GOOD)
    for _ in range(11):
        clock.now += 95
        book.session(secret)
    assert book.session(secret) is None  # used all the time, but too old
    secret, _ = book.sign_in("ada", GOOD)
    identity = book.session(secret)
    for _ in range(5):
        clock.now += 95
        assert book.holds(identity)  # an open stream
    assert book.session(secret) is not None


def test_a_session_survives_a_restart_and_can_be_ended_from_elsewhere(book, clock, tmp_path):
    secret, _ = book.sign_in("ada", GOOD)
    other = Book(tmp_path, book.policy, clock)
    identity = other.session(secret)
    assert identity is not None
    other.sign_out(identity.key[:12])
    assert book.session(secret) is None
    for end in (lambda: other.disable("ada"), lambda: other.reset("ada", OTHER)):
        other.disable("ada", disabled=False)
        secret, _ = book.sign_in("ada", GOOD)
        assert book.holds(book.session(secret))
        identity = book.session(secret)
        end()
        assert book.session(secret) is None
        assert not book.holds(identity)


def test_no_answer_tells_whether_an_account_exists(book):
    assert book.sign_in("nobody", GOOD) is None
    assert book.sign_in("ada", GOOD + "x") is None
    book.disable("ada")
    assert book.sign_in("ada", GOOD) is None


def test_a_one_time_password_opens_the_door_to_another_password_alone(book, clock):
    one_time = book.add("bo", "admin", None)
    secret, session = book.sign_in("bo", one_time)
    identity = book.session(secret)
    assert session.limited
    assert not any(may(identity, permission) for permission in ("see.site", "see.alarms", "see.metrics"))
    book.choose("bo", one_time, OTHER, keep=identity.key)
    assert may(book.session(secret), "see.site")
    assert book.sign_in("bo", one_time) is None
    late = book.reset("bo", None)
    clock.now += 501
    assert book.sign_in("bo", late) is None


def test_choosing_a_password_ends_the_other_sessions(book):
    one, _ = book.sign_in("ada", GOOD)
    two, _ = book.sign_in("ada", GOOD)
    with pytest.raises(InputError, match="wrong"):
        book.choose("ada", "not the current one", OTHER)
    book.choose("ada", GOOD, OTHER, keep=book.session(one).key)
    assert book.session(one) is not None
    assert book.session(two) is None


def test_tokens_expire_and_are_revoked(book, clock):
    secret = book.add_token("prom", "admin", 1)
    assert book.token(secret) == Identity("prom", "admin", "token", digest(secret))
    clock.now += 86_401
    assert book.token(secret) is None
    with pytest.raises(InputError, match="there is a token"):
        book.add_token("prom", "admin", 1)
    book.revoke_token("prom")
    assert book.tokens == []


def test_no_secret_is_on_the_disk_and_nobody_else_may_read_it(book, tmp_path):
    secret, _ = book.sign_in("ada", GOOD)
    token = book.add_token("prom", "admin", 1)
    text = (tmp_path / FILE).read_text()
    assert all(word not in text for word in (GOOD, secret, token))
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / FILE).chmod(0o644)
    with pytest.raises(ConfigurationError, match="others may read"):
        Book(tmp_path).accounts  # noqa: B018


def test_a_damaged_file_is_an_error_and_no_open_door(tmp_path):
    (tmp_path / FILE).write_text("{")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        Book(tmp_path).can_sign_in  # noqa: B018


def test_two_that_change_it_at_once_lose_nothing(tmp_path):
    books = [Book(tmp_path) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda b=b, i=i: [b.add_token(f"t{i}-{k}", "admin", 1) for k in range(10)])
        for i, b in enumerate(books)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Book(tmp_path).tokens) == 40


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a" * 12,
        "abababababab",
        "password1234",
        "INFRASTRESS1234",
        "x" * 300,
        "controlroom-ada"[:12] + "\0" * 0,
    ],
)
def test_weak_passwords_are_refused(password):
    with pytest.raises(InputError):
        check_password(password, name="controlroom-")


@settings(max_examples=50)
@given(st.text(min_size=12, max_size=64).filter(lambda t: len(set(t)) > 6))
def test_no_rule_of_composition(password):
    check_password(password, name="ada")


def test_roles_have_what_they_need_and_no_more():
    def can(role, permission):
        return may(Identity("x", role, "token"), permission)

    assert {role for role in ROLES if can(role, "act.alarms")} == {"operator", "security"}
    assert {role for role in ROLES if can(role, "see.reports")} == {"operator", "security", "reporter-liaison"}
    assert {role for role in ROLES if can(role, "see.metrics")} == {"admin"}
    assert not can("reporter-liaison", "see.process")
    assert not can("no such role", "see.site")


def test_failed_sign_ins_slow_down_an_account_and_an_address():
    clock = Clock()
    failures = Failures(clock)
    for _ in range(Failures.FREE):
        assert failures.wait("ada", "a") == 0
        failures.failed("ada", "a")
    assert failures.wait("ada", "b") == 1
    assert failures.wait("bo", "a") == 1
    for _ in range(20):
        failures.failed("ada", "a")
    assert failures.wait("ada", "b") == 60  # its owner is not locked out for long
    assert failures.wait("bo", "a") == 900
    failures.succeeded("ada")
    assert failures.wait("ada", "b") == 0
    clock.now += 901
    assert failures.wait("bo", "a") == 0


def test_a_bucket_refills_and_clients_do_not_share():
    clock = Clock()
    buckets = Buckets(rate=2, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("b") == 0
    clock.now += 0.5
    assert buckets.take("a") == 0
    for i in range(20_000):
        buckets.take(f"c{i}")
    assert len(buckets._left) <= 10_000


def test_the_command_takes_a_password_from_stdin_and_tells_a_one_time_one(tmp_path, monkeypatch, capsys):
    import io

    def call(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(["accounts", *words])
        return status, capsys.readouterr()

    site = str(tmp_path)
    assert call("add", site, "ada", "--role", "operator", typed=GOOD + "\n")[0] == 0
    status, told = call("add", site, "bo", "--role", "admin", "--one-time")
    one_time = told.out.strip().rpartition(" ")[2]
    book = Book(Path(site) / "state")
    assert book.sign_in("ada", GOOD) is not None
    assert book.sign_in("bo", one_time)[1].limited
    assert status == 0
    assert GOOD not in told.out
    status, told = call("list", site)
    assert told.out.splitlines() == ["ada  operator", "bo  admin one-time password"]
    key = book.sessions[0][0]
    assert key in call("sessions", site)[1].out
    assert call("sessions", site, "--end", key)[0] == 0
    assert call("sessions", site, "--end", key)[0] == 1
    assert call("disable", site, "ada")[0] == 0
    assert call("enable", site, "ada")[0] == 0
    assert call("reset", site, "ada", typed="short\n")[0] == 1
    assert call("reset", site, "ada", typed=OTHER + "\n")[0] == 0
    secret = call("token", site, "prom", "--role", "admin", "--days", "30")[1].out.strip()
    assert book.token(secret).name == "prom"
    assert call("revoke", site, "prom")[0] == 0
    assert book.token(secret) is None
    assert call("add", site, "ada", "--role", "operator", typed=GOOD + "\n")[0] == 1
    assert call("add", site, "cy", "--role", "king", typed=GOOD + "\n")[0] == 2


def test_an_unknown_name_costs_a_guesser_the_same_work_and_an_import_none():
    assert extract_parameters(nobodys_hash()) == extract_parameters(hash_password(GOOD))
    assert nobodys_hash() != nobodys_hash()
    assert not verify(None, GOOD)
