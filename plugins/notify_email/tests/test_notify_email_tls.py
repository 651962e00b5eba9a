"""Encryption: wanted means wanted, and certificates count."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smtp_server import ADA, MESSAGE, PASSWORD, Context, Mailbox, serve, server_context

from taskflow.plugin_api import TransientError
from taskflow_notify_email import taskflow_notification_channels

Serve = Callable[..., Controller]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The files of a certificate for 127.0.0.1 that signs itself, and of its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    paths = str(folder / "certificate.pem"), str(folder / "key.pem")
    Path(paths[0]).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    Path(paths[1]).write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def tls(certificate: tuple[str, str]) -> ssl.SSLContext:
    return server_context(*certificate)


@pytest.fixture
def start(box: Mailbox) -> Iterator[Serve]:
    """Starts a server that is stopped in the end."""
    started: list[Controller] = []

    def begin(**options: Any) -> Controller:
        started.append(serve(box, **options))
        return started[-1]

    yield begin
    for server in started:
        server.stop()


async def send(server: Controller, tls: str) -> None:
    url = f"smtp://ada:{PASSWORD}@127.0.0.1:{server.port}?tls={tls}"
    (channel,) = taskflow_notification_channels(Context(url=url, timeout_s=3))
    await channel.send(MESSAGE, ADA)


async def test_starttls_comes_before_the_password(
    box: Mailbox,
    start: Serve,
    tls: ssl.SSLContext,
    certificate: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    await send(start(tls_context=tls, require_starttls=True), "starttls")
    assert (len(box.mails), box.logins) == (1, [PASSWORD.encode()])


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    box: Mailbox, start: Serve, tls: ssl.SSLContext
) -> None:
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:\d+: .*certificate"):
        await send(start(tls_context=tls), "starttls")
    assert (box.mails, box.logins) == ([], [])


async def test_a_server_without_starttls_gets_neither_password_nor_mail(box: Mailbox, start: Serve) -> None:
    with pytest.raises(TransientError, match="STARTTLS"):
        await send(start(auth_require_tls=False), "starttls")
    assert (box.mails, box.logins) == ([], [])


async def test_a_plain_server_is_no_implicit_one(box: Mailbox, start: Serve) -> None:
    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        await send(start(auth_require_tls=False), "implicit")
    assert (box.mails, box.logins) == ([], [])
