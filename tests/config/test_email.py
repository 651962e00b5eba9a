"""Addresses of mail servers."""

import pytest

from taskflow.config.email import SmtpServer, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", SmtpServer("localhost", 25, "off")),
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, "off")),
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 587, "starttls")),
        ("smtp://mail.example.org:25?tls=off", SmtpServer("mail.example.org", 25, "off")),
        ("smtp://mail.example.org:465", SmtpServer("mail.example.org", 465, "implicit")),
        ("smtps://mail.example.org", SmtpServer("mail.example.org", 465, "implicit")),
        ("smtp://mail.example.org?tls=true", SmtpServer("mail.example.org", 587, "starttls")),
        (
            "smtp://joe%40example.org:p%2Fw%40@mail.example.org:2525?tls=starttls",
            SmtpServer("mail.example.org", 2525, "starttls", "joe@example.org", "p/w@"),
        ),
    ],
)
def test_an_address_is_read_with_safe_defaults(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:0x19",
        "smtp://mail.example.org/inbox",
        "smtp://mail.example.org?ssl=on",
        "smtp://mail.example.org?tls=perhaps",
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        parse_smtp_url(url)
    assert "mail.example.org" not in str(caught.value)
