"""Makes the mail of a message."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from taskflow.plugin_api import Message

#: Seven bits: a server that takes no others is not found out after the mail was queued.
_POLICY = SMTP.clone(cte_type="7bit")


def compose(message: Message, sender: Address, recipient: Address) -> EmailMessage:
    """A plain text mail. The same message makes the same mail to the byte, however often it is sent."""
    mail = EmailMessage(_POLICY)
    mail["Subject"] = _one_line(message.subject) or message.event
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(message.time)
    mail["Message-ID"] = _identify(message.key, recipient, sender.domain)
    # RFC 3834: no answer of a holiday machine is wanted.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n\n".join(part for part in (message.body.rstrip(), message.url) if part) + "\n")
    return mail


def _identify(key: str, recipient: Address, domain: str) -> str:
    """One name a key and recipient: mailboxes drop what they have already."""
    digest = hashlib.sha256(f"{key}\0{recipient.addr_spec}".encode()).hexdigest()
    return f"<{digest[:40]}@{domain}>"


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
