"""Mail about accounts. A request files it as a job; a worker sends it, so no request waits for a mail server."""

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage

from taskflow.application import ledger
from taskflow.application.changes import Change, change
from taskflow.application.jobs import PermanentFailure, handles
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Job

SEND = "mail.send"


def file_mail(opened: Change, to: str | None, subject: str, body: str) -> None:
    """Files a mail in plain text. `to` None costs the same work and sends nothing: for addresses without an account."""
    opened.job(SEND, {"to": to, "subject": subject, "body": body})


@handles(SEND)
def send_mail(job: Job) -> None:
    """Hands one mail to the mail server (10 s at most), then empties the job: a body may hold a secret link.

    A server that refuses the mail for good (5xx) makes the job `dead`; anything else is tried again.
    """
    payload = job.payload
    if payload.get("to"):
        domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
        message = EmailMessage(
            payload["subject"],
            payload["body"],
            to=[payload["to"]],
            # The same for every attempt, so that a mailbox can tell a repetition.
            headers={"Message-ID": f"<{job.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            if all(code >= 500 for code, _ in error.recipients.values()):
                raise PermanentFailure("The mail server refuses the recipient for good.") from error
            raise
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError):
                raise PermanentFailure(f"The mail server refuses the mail: {error.smtp_code}.") from error
            raise
    with change(SYSTEM):
        ledger.finish(job)
        Job.objects.filter(pk=job.pk).update(payload={})
