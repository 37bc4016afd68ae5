"""Security: a certificate of our own, servers trusted by hand, users, and what is said when something doesn't fit."""

import asyncio
import shutil
import stat
from datetime import UTC, datetime, timedelta

import pytest
from asyncua.crypto.cert_gen import generate_private_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from infrastress.connectors.base import LiveContext
from infrastress.connectors.opcua.pki import Pki, Untrusted, first_certificate, thumbprint
from infrastress.core.errors import ConfigurationError
from tests.connectors.live_contract import run
from tests.connectors.opcua.certificates import certificate, secured, trusting
from tests.connectors.opcua.listening import connector, listened, served
from tests.peers.sink import until


def test_a_server_is_trusted_by_moving_a_file(tmp_path, server_files):
    site = tmp_path / "site"
    pki = site / "state" / "pki" / "opcua"

    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}, **secured(server_files)) as server:
            made = connector(server, "A", security="SignAndEncrypt", context=LiveContext(folder=site))
            async with listened(made) as sink:
                await until(lambda: sink.state() == "down", "refused")
                detail = sink.links[-1].detail
                print_ = thumbprint(server_files[0].read_bytes())
                assert print_ in detail
                assert not sink.durable
                _, _, command = detail.partition("then: ")
                done = await asyncio.create_subprocess_shell(command)
                assert await done.wait() == 0
                await until(lambda: 1.0 in sink.values("A"), "a value")
                assert (pki / "trusted" / f"{print_}.der").exists()

    run(main())
    key = pki / "own" / "private-key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    own = x509.load_der_x509_certificate((pki / "own" / "certificate.der").read_bytes())
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:infrastress:plant"]
    assert own.not_valid_after_utc - datetime.now(UTC) > timedelta(3600)


def test_another_server_in_its_place_is_refused(tmp_path, server_files):
    impostor = certificate(tmp_path, "impostor", "urn:freeopcua:python:server")

    async def main() -> None:
        async with served(tmp_path, {"A": 666.0}, **secured(impostor)) as server:
            context = trusting(tmp_path / "site", server_files)
            async with listened(connector(server, "A", security="SignAndEncrypt", context=context)) as sink:
                await until(lambda: sink.state() == "down", "refused")
                await asyncio.sleep(0.3)
                assert not sink.durable
                assert thumbprint(impostor[0].read_bytes()) in sink.links[-1].detail

    run(main())


def test_users(tmp_path, server_files, monkeypatch, caplog):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}, **secured(server_files, users={"reader": "correct horse"})) as server:
            context = trusting(tmp_path / "site", server_files)
            given = {"security": "SignAndEncrypt", "user": "reader", "password_secret": "plant", "context": context}
            monkeypatch.setenv("INFRASTRESS_SECRET_PLANT", "correct horse")
            async with listened(connector(server, "A", **given)) as sink:
                await until(lambda: 1.0 in sink.values("A"), "a value")
            monkeypatch.setenv("INFRASTRESS_SECRET_PLANT", "wrong battery")
            async with listened(connector(server, "A", **given)) as sink:
                await until(lambda: sink.state() == "down", "refused")
                assert "refuses reader" in sink.links[-1].detail
            assert "wrong battery" not in f"{sink.links}{caplog.text}"
            monkeypatch.delenv("INFRASTRESS_SECRET_PLANT")
            with pytest.raises(ConfigurationError, match="no secret 'plant'"):
                connector(server, "A", **given)

    run(main())


def test_a_user_by_certificate(tmp_path, server_files):
    ours, stranger = certificate(tmp_path, "ours", "urn:ours"), certificate(tmp_path, "stranger", "urn:stranger")

    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}, **secured(server_files, users={"reader": str(ours[0])})) as server:
            context = trusting(tmp_path / "site", server_files)
            for (known, key), state in ((ours, "up"), (stranger, "down")):
                given = {"user_certificate": known, "user_key": key, "security": "SignAndEncrypt", "context": context}
                async with listened(connector(server, "A", **given)) as sink:
                    await until(lambda sink=sink: sink.state() in ("up", "down"), "an answer")
                    assert sink.state() == state, sink.links

    run(main())


@pytest.mark.parametrize(
    ("security", "policy", "offered"),
    [
        ("Sign", "Basic256Sha256", "Basic256Sha256_Sign"),
        ("SignAndEncrypt", "Aes128_Sha256_RsaOaep", "Aes128Sha256RsaOaep_SignAndEncrypt"),
        ("SignAndEncrypt", "Aes256_Sha256_RsaPss", "Aes256Sha256RsaPss_SignAndEncrypt"),
    ],
)
def test_other_policies(tmp_path, server_files, security, policy, offered):
    async def main() -> None:
        setting = secured(server_files) | {"security": offered}
        context = trusting(tmp_path / "site", server_files)
        async with (
            served(tmp_path, {"A": 1.0}, **setting) as server,
            listened(connector(server, "A", security=security, policy=policy, context=context)) as sink,
        ):
            await until(lambda: 1.0 in sink.values("A"), "a value")

    run(main())


def test_a_server_that_does_not_trust_us(tmp_path, server_files):
    clients = tmp_path / "clients"
    clients.mkdir()
    shutil.copy(server_files[0], clients)  # there has to be one

    async def main() -> None:
        setting = secured(server_files, trusted=str(clients))
        context = trusting(tmp_path / "site", server_files)
        own = tmp_path / "site/state/pki/opcua/own/certificate.der"
        async with (
            served(tmp_path, {"A": 1.0}, **setting) as server,
            listened(connector(server, "A", security="SignAndEncrypt", context=context)) as sink,
        ):
            await until(lambda: sink.state() == "down", "refused")
            assert "doesn't trust our certificate" in sink.links[-1].detail
            assert str(own) in sink.links[-1].detail
            await server.kill()
            shutil.copy(own, clients)
            await server.start()
            await until(lambda: 1.0 in sink.values("A"), "a value")

    run(main())


def test_no_security_is_never_a_fallback(tmp_path, server_files):
    async def main() -> None:
        async with served(tmp_path, {"A": 1.0}) as server:
            context = LiveContext(folder=tmp_path)
            async with listened(connector(server, "A", security="SignAndEncrypt", context=context)) as sink:
                await until(lambda: sink.state() == "down", "refused")
                assert "doesn't offer Basic256Sha256 SignAndEncrypt, but None None_" in sink.links[-1].detail
        async with (
            served(tmp_path, {"A": 1.0}, **secured(server_files)) as server,
            listened(connector(server, "A", security="none")) as sink,
        ):
            await until(lambda: sink.state() == "down", "refused")
            assert not sink.durable

    run(main())


def test_an_expired_certificate_that_was_trusted_is_told(tmp_path):
    key, name = generate_private_key(), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2001, 1, 1), datetime(2002, 1, 1))
    expired = tmp_path / "old.der"
    expired.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    trusting(tmp_path, (expired, expired))
    assert "expired on" in Pki(tmp_path / "state/pki/opcua").check(expired.read_bytes(), "it")


def test_trusted_files_may_be_pem_and_others_are_passed_over(tmp_path, server_files):
    der = server_files[0].read_bytes()
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "notes.txt").write_text("not a certificate")
    (tmp_path / "trusted" / "folder").mkdir()
    with pytest.raises(Untrusted):
        Pki(tmp_path).check(der, "it")
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    (tmp_path / "trusted" / "server.pem").write_bytes(pem)
    assert Pki(tmp_path).check(der, "it") == ""


def test_rejected_certificates_do_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("infrastress.connectors.opcua.pki._MOST_REJECTED", 2)
    pki = Pki(tmp_path)
    for number in range(4):
        der, _ = certificate(tmp_path, f"c{number}", "urn:x")
        with pytest.raises(Untrusted):
            pki.check(der.read_bytes(), "it")
    assert len(list((tmp_path / "rejected").iterdir())) == 2


@given(st.binary(max_size=300))
def test_what_is_no_certificate(data):
    with pytest.raises(ValueError):  # noqa: PT011 - any
        first_certificate(data)


def test_a_chain_begins_with_the_servers_own(server_files):
    der = server_files[0].read_bytes()
    assert first_certificate(der + der) == der


def test_our_certificate_is_made_once_and_kept_strictly(tmp_path):
    pki = Pki(tmp_path)
    certificate_, key = pki.own("urn:x")
    before = certificate_.read_bytes()
    assert pki.own("urn:x") == (certificate_, key)
    assert certificate_.read_bytes() == before
    with pytest.raises(ConfigurationError, match="isn't for urn:y"):
        pki.own("urn:y")
    key.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        pki.own("urn:x")
    key.unlink()
    with pytest.raises(ConfigurationError, match="belong together"):
        pki.own("urn:x")
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ConfigurationError, match="can't be kept here"):
        Pki(blocked / "pki").own("urn:x")
