"""What lies between a right password and a session, where allauth's own steps do not fit."""

from typing import Any

from allauth.account.stages import EmailVerificationStage

from taskflow.application.sign_in import lacks_verified_email


class VerificationStage(EmailVerificationStage):  # type: ignore[misc]  # allauth has no annotations
    """Asks for a verified address only where there is one: accounts of the command line may have none."""

    def handle(self) -> Any:
        """The answer that ends the way, and whether to go on."""
        person = self.login.user
        if person is not None and not self.login.signup and not lacks_verified_email(person):
            return None, True
        return super().handle()
