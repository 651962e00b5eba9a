"""What went wrong over SMTP, in the contract's words."""

import aiosmtplib

from taskflow.plugin_api import AuthError, PermanentError, PluginError, TransientError
from taskflow_notify_email.server import Server

_LONGEST = 300
#: RFC 4954: credentials are missing, too weak, wrong, or need encryption.
_CREDENTIALS = {530, 534, 535, 538}
_ABOUT_THE_MAIL = (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)


def translate(error: Exception, server: Server) -> PluginError:
    """A refusal of the mail itself is permanent; a server that cannot be used now may be usable later.

    So is one without the wanted encryption: mails wait until an administrator has seen to it.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return TransientError(f"{server}: {_plain(str(error) or type(error).__name__, server)}")
    message = f"{server} answered {error.code} {_plain(error.message, server)}"
    final = error.code >= 500
    if final and (isinstance(error, aiosmtplib.SMTPAuthenticationError) or error.code in _CREDENTIALS):
        return AuthError(message)
    if final and isinstance(error, _ABOUT_THE_MAIL):
        return PermanentError(message)
    return TransientError(message)


def next_step(error: PluginError, server: Server) -> str:
    """What an administrator can do, by the names of the settings."""
    if isinstance(error, AuthError) and not server.username:
        return "Put user and password into url: smtp://user:password@host:port."
    if isinstance(error, AuthError):
        return "Check user and password in url; special characters are written as %XX."
    return (
        f"Check host, port and tls in url: now {server} with tls={server.tls}. "
        "Port 587 mostly wants tls=starttls, 465 tls=implicit. If the server is only slow, raise timeout_s."
    )


def _plain(text: str, server: Server) -> str:
    if server.password:
        text = text.replace(server.password, "[password]")
    return " ".join(text.split())[:_LONGEST]
