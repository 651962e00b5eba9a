"""What goes wrong here, in the contract's words, with what an administrator can do about it."""

from taskflow.plugin_api import AuthError, Health, PermanentError, PluginError, TransientError

#: Characters of somebody else's words that are passed on.
_LONGEST = 300


class Unfit(PermanentError):
    """It does not work so on this machine: the `problem`, and the `remedy` by the names of the settings."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem, self.remedy = problem, remedy


def describe(error: PluginError, health: Health, *, slow: str, wrong: str) -> Health:
    """`health` as it is after this error. `slow` is what to do where it may work later, `wrong` where it will not."""
    if isinstance(error, Unfit):
        problem, remedy = error.problem, error.remedy
    elif isinstance(error, TransientError):
        problem, remedy = str(error), slow
    elif isinstance(error, AuthError):
        problem, remedy = (
            str(error),
            "Let it in without credentials: the engine has none. A proxy before it may want some.",
        )
    else:
        problem, remedy = str(error), wrong
    return health.model_copy(update={"ok": False, "error": problem[:1_000], "next_step": remedy[:500]})


def shorten(text: str) -> str:
    """Bounded, and on one line."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
