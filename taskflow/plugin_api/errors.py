"""What a plugin raises when it cannot do what it was asked for. Anything else that it raises counts as its bug."""


class PluginError(Exception):
    """The message is shown to administrators: say what happened, without secrets, in a sentence."""


class AuthError(PluginError):
    """The other side refused the credentials. Nothing is tried again until the settings change."""


class TransientError(PluginError):
    """It may work later: a timeout, a full queue, a server that restarts. It is tried again.

    `retry_after` is the other side's wish in seconds, where it named one.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(PluginError):
    """It will not work as it was asked for: an unknown model, an address that nobody has. It is not tried again."""
