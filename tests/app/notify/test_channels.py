"""Each way against a real peer: a mail server with TLS, an HTTP server that fails, a script."""

import json
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from infrastress.app.notify.channels import DeliveryError, make_channel
from infrastress.app.notify.channels.webhook import key_of, signature
from infrastress.app.notify.outbox import message_of
from infrastress.app.notify.settings import CommandSettings, SmtpSettings, WebhookSettings
from infrastress.core.errors import ConfigurationError
from infrastress.core.secrets import Secrets

MESSAGE = message_of(
    1, site="plant", channel="x", kind="incident", severity="critical", title="CRITICAL: Überfüllung T-1",
    text="Where: T-1\nFirst: dip it", created=10**18,
)  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return ca, str(file)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    file = tmp_path / "secrets.yaml"
    file.write_text("mail: correct horse\nhook: whsec_plJ3nmyCDGBKInavdOK15jsl\n")
    file.chmod(0o600)
    return Secrets(file)


def server_context(ca: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


class Mailbox:
    """Keeps what it is given; refuses the first `failures` mails, and one address always."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.failures = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.startswith("gone@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.failures:
            self.failures -= 1
            return "451 try again later"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class LocalMail(Controller):
    """A mail server on a free port of this machine."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail(authority: tuple[trustme.CA, str]) -> Iterator[tuple[Mailbox, LocalMail]]:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"correct horse", handled=False)

    box = Mailbox()
    server = LocalMail(
        box, hostname="localhost", port=0, tls_context=server_context(authority[0]), require_starttls=True,
        authenticator=check, auth_required=True, auth_require_tls=True,
    )  # fmt: skip
    server.start()
    yield box, server
    server.stop()


def smtp(port: int, ca_file: str, **more: Any) -> SmtpSettings:
    fields = {"type": "smtp", "host": "localhost", "port": port, "ca_file": ca_file, "sender": "alarm@plant.example"}
    fields |= {"to": ["shift@plant.example"], "user": "infra", "password_secret": "mail", "timeout_s": 5}
    return SmtpSettings.model_validate(fields | more)


class TestMail:
    def test_a_mail_arrives_by_starttls_with_the_id(self, mail: Any, authority: Any, secrets: Secrets) -> None:
        box, server = mail
        assert make_channel(smtp(server.port, authority[1]), secrets).send(MESSAGE) == ""
        (got,) = box.mails
        assert got["Message-ID"] == f"<{MESSAGE.id}@plant.example>"
        assert got["Subject"] == "[plant] CRITICAL: Überfüllung T-1"
        assert "First: dip it" in got.get_content()

    def test_a_stranger_with_another_certificate_gets_nothing(self, mail: Any, secrets: Secrets) -> None:
        box, server = mail
        other = trustme.CA()
        with other.cert_pem.tempfile() as file, pytest.raises(DeliveryError, match="certificate"):
            make_channel(smtp(server.port, file), secrets).send(MESSAGE)
        assert box.mails == []

    def test_a_server_that_offers_no_tls_gets_neither_mail_nor_password(self, authority: Any, secrets: Secrets) -> None:
        box = Mailbox()
        server = LocalMail(box, hostname="localhost", port=0)
        server.start()
        try:
            with pytest.raises(DeliveryError, match="STARTTLS"):
                make_channel(smtp(server.port, authority[1]), secrets).send(MESSAGE)
        finally:
            server.stop()
        assert box.mails == []

    def test_implicit_tls(self, authority: Any, secrets: Secrets) -> None:
        box = Mailbox()
        server = LocalMail(box, hostname="localhost", port=0, ssl_context=server_context(authority[0]))
        server.start()
        try:
            channel = make_channel(
                smtp(server.port, authority[1], security="tls", user="", password_secret=""), secrets
            )
            assert channel.send(MESSAGE) == ""
        finally:
            server.stop()
        assert len(box.mails) == 1

    def test_a_refusal_is_told_and_the_next_try_has_the_same_id(
        self, mail: Any, authority: Any, secrets: Secrets
    ) -> None:
        box, server = mail
        box.failures = 1
        channel = make_channel(smtp(server.port, authority[1]), secrets)
        with pytest.raises(DeliveryError, match="451"):
            channel.send(MESSAGE)
        channel.send(MESSAGE)
        assert [one["Message-ID"] for one in box.mails] == [f"<{MESSAGE.id}@plant.example>"]

    def test_whom_the_server_does_not_know_is_told(self, mail: Any, authority: Any, secrets: Secrets) -> None:
        _, server = mail
        both = make_channel(smtp(server.port, authority[1], to=["shift@plant.example", "gone@x.example"]), secrets)
        assert "1 of the recipients" in both.send(MESSAGE)
        none = make_channel(smtp(server.port, authority[1], to=["gone@x.example"]), secrets)
        with pytest.raises(DeliveryError, match="all 1"):
            none.send(MESSAGE)

    def test_a_wrong_password_is_told_and_not_repeated(self, mail: Any, authority: Any, tmp_path: Path) -> None:
        file = tmp_path / "wrong.yaml"
        file.write_text("mail: battery staple\n")
        file.chmod(0o600)
        with pytest.raises(DeliveryError) as caught:
            make_channel(smtp(mail[1].port, authority[1]), Secrets(file)).send(MESSAGE)
        assert "535" in str(caught.value)
        assert "battery" not in str(caught.value)

    def test_a_server_that_hangs_up_or_hangs_is_a_failure(self, authority: Any, secrets: Secrets) -> None:
        with socket.create_server(("localhost", 0)) as silent:
            port = silent.getsockname()[1]
            with pytest.raises(DeliveryError):
                make_channel(smtp(port, authority[1], timeout_s=0.3), secrets).send(MESSAGE)
        with pytest.raises(DeliveryError, match="refused"):
            make_channel(smtp(port, authority[1]), secrets).send(MESSAGE)

    def test_a_missing_secret_is_told_at_once(self, authority: Any) -> None:
        with pytest.raises(ConfigurationError, match="mail"):
            make_channel(smtp(1, authority[1]), Secrets())


class Hook:
    """An HTTP server that answers as told and keeps what it got."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[Any] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = hook.answers.pop(0) if hook.answers else 204
                if answer == "cut":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if answer == "hang":
                    time.sleep(1.5)
                    return
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("localhost", 0), Handler)
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook(authority: Any) -> Iterator[Hook]:
    one = Hook(server_context(authority[0]))
    yield one
    one.close()


def webhook(port: int, ca_file: str = "", **more: Any) -> WebhookSettings:
    fields = {"type": "webhook", "url": f"https://localhost:{port}/in", "key_secret": "hook", "ca_file": ca_file}
    return WebhookSettings.model_validate(fields | {"timeout_s": 5} | more)


class TestWebhook:
    def test_the_published_vector(self) -> None:
        """Example of the Standard Webhooks specification."""
        body = b'{"event_type":"ping","data":{"success":true}}'
        key = key_of("whsec_plJ3nmyCDGBKInavdOK15jsl")
        expected = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
        assert signature(key, "msg_loFOjxBNrRLzqYUf", 1731705121, body) == expected

    def test_a_post_arrives_signed(self, hook: Hook, authority: Any, secrets: Secrets) -> None:
        make_channel(webhook(hook.port, authority[1]), secrets).send(MESSAGE)
        ((path, headers, body),) = hook.got
        assert path == "/in"
        assert headers["webhook-id"] == MESSAGE.id == json.loads(body)["id"]
        moment = int(headers["webhook-timestamp"])
        assert abs(moment - time.time()) < 60
        key = key_of("whsec_plJ3nmyCDGBKInavdOK15jsl")
        assert headers["webhook-signature"] == signature(key, MESSAGE.id, moment, body)
        assert json.loads(body)["title"] == MESSAGE.title

    @pytest.mark.parametrize("answer", [500, 503, 404, 302, "cut", "hang"])
    def test_any_other_answer_is_a_failure(self, hook: Hook, authority: Any, secrets: Secrets, answer: Any) -> None:
        other = Hook()
        try:
            moved = {"location": f"http://localhost:{other.port}/stolen"}
            hook.answers = [(302, moved) if answer == 302 else answer]
            channel = make_channel(webhook(hook.port, authority[1], timeout_s=0.5), secrets)
            with pytest.raises(DeliveryError) as caught:
                channel.send(MESSAGE)
            assert other.got == []  # only what is configured is ever called
            assert "localhost" not in str(caught.value)
            channel.send(MESSAGE)
            assert len({headers["webhook-id"] for _, headers, _ in hook.got}) == 1
        finally:
            other.close()

    def test_an_unknown_certificate_gets_nothing(self, hook: Hook, secrets: Secrets) -> None:
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
            make_channel(webhook(hook.port), secrets).send(MESSAGE)
        assert hook.got == []

    def test_no_proxy_of_the_environment_is_called(
        self, hook: Hook, authority: Any, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://localhost:1")
        make_channel(webhook(hook.port, authority[1]), secrets).send(MESSAGE)
        assert len(hook.got) == 1


def script(tmp_path: Path, text: str) -> CommandSettings:
    file = tmp_path / "siren"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return CommandSettings(type="command", argv=(str(file), "--on; touch stolen", "$(id)"), timeout_s=1)


class TestCommand:
    def test_it_gets_the_message_on_stdin_and_its_words_as_they_are(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INFRASTRESS_SECRET_MAIL", "correct horse")
        out = tmp_path / "out"
        settings = script(tmp_path, f'echo "$1|$2|$INFRASTRESS_MESSAGE_SEVERITY" > {out}; env >> {out}; cat >> {out}')
        make_channel(settings, Secrets()).send(MESSAGE)
        first, *rest = out.read_text().splitlines()
        assert first == "--on; touch stolen|$(id)|critical"
        assert json.loads(rest[-1])["id"] == MESSAGE.id
        assert "correct horse" not in out.read_text()

    def test_a_failure_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(DeliveryError, match="status 3"):
            make_channel(script(tmp_path, "exit 3"), Secrets()).send(MESSAGE)

    def test_one_that_hangs_is_killed_with_its_children(self, tmp_path: Path) -> None:
        settings = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; sleep 60")
        with pytest.raises(DeliveryError, match="longer than 1 s"):
            make_channel(settings, Secrets()).send(MESSAGE)
        child = int((tmp_path / "child").read_text())
        for _ in range(100):
            try:
                state = Path(f"/proc/{child}/stat").read_text().split()[2]
            except FileNotFoundError:
                break
            if state == "Z":
                break
            time.sleep(0.02)
        else:
            os.kill(child, 9)
            pytest.fail("the child lives on")

    def test_one_that_is_not_there_is_told(self) -> None:
        settings = CommandSettings(type="command", argv=("/nowhere/siren",))
        with pytest.raises(DeliveryError, match="can't be run"):
            make_channel(settings, Secrets()).send(MESSAGE)

    def test_one_that_reads_nothing_is_no_failure(self, tmp_path: Path) -> None:
        assert make_channel(script(tmp_path, "exit 0"), Secrets()).send(MESSAGE) == ""
