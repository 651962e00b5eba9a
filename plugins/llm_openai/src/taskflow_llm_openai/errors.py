"""The client's errors in the contract's words."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from taskflow.plugin_api import AuthError, PermanentError, PluginError, TransientError
from taskflow_llm_openai.config import Config

if TYPE_CHECKING:
    import openai

_LONGEST = 300
#: Seconds. Nothing good comes of obeying a server that says to come again in a year.
_LONGEST_WAIT = 86_400.0
#: Answers that say "not now": a timeout, a lock, a limit.
_LATER = {408, 409, 425, 429}


class NoAnswer(TransientError):
    """What came is none of Chat Completions: a page of a proxy, of a server that starts, of another address. It may be
    gone later, but asking again at once is of no use."""

    def __init__(self, host: str, missing: str) -> None:
        super().__init__(f"{host} gave an answer that is none of Chat Completions: {missing}.")


class TooMuch(TransientError):
    """The server takes no more questions for now: a limit of a minute, or what was paid for is used up."""


def translate_status(error: "openai.APIStatusError", config: Config, now: datetime) -> PluginError:
    """An answer with a status that is no success."""
    status = error.status_code
    message = f"{config.host} answered {status}: {quote(error, config)}"
    if status in {401, 403}:
        return AuthError(message)
    if status in _LATER or status >= 500:
        kind = TooMuch if status == HTTPStatus.TOO_MANY_REQUESTS else TransientError
        return kind(message, retry_after=read_retry_after(error.response.headers, now))
    if 300 <= status < 400:
        return PermanentError(f"{config.host} answered {status}: it redirects, which is not followed.")
    return PermanentError(message)


def translate_connection(error: "openai.APIConnectionError", config: Config) -> TransientError:
    """No answer, or half of one."""
    cause = error.__cause__ or error
    return TransientError(f"{config.host}: {type(cause).__name__}: {_plain(str(cause), config)}")


def translate_guarded(error: PermanentError, config: Config) -> PluginError:
    """What the host says of a connection. Where it may not lead is an error of its own kind, and stays as it is;
    anything else is about the answer, which was too long or packed."""
    return NoAnswer(config.host, str(error).rstrip(".")) if type(error) is PermanentError else error


def quote(error: "openai.APIStatusError", config: Config) -> str:
    """The server's own words, bounded, on one line, without the key."""
    body: Any = error.body
    if isinstance(body, dict):
        body = next((body[name] for name in ("message", "detail", "error") if body.get(name)), body)
    return _plain(str(body or error.response.reason_phrase or "nothing more"), config)


def read_retry_after(headers: Any, now: datetime) -> float | None:
    """Seconds until it may be asked again (RFC 9110: a number or a date), or None."""
    text = str(headers.get("retry-after", "")).strip()
    try:
        # No exponent, no infinity: those are no numbers of RFC 9110.
        seconds = float(text) if text.replace(".", "", 1).isdecimal() else _until(text, now)
    except ValueError:
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)


def _until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    if moment.tzinfo is None:
        raise ValueError("a date without a zone")
    return (moment - now).total_seconds()


def next_step(error: PluginError, config: Config) -> str:
    """What an administrator can do, by the names of the settings."""
    if isinstance(error, AuthError) and not config.key:
        return f"Set api_key: {config.host} wants one."
    if isinstance(error, AuthError):
        return f"Check api_key: it must be valid at {config.host}, and allowed to use the model {config.model}."
    if isinstance(error, NoAnswer):
        return f"Check base_url ({config.base_url}), which mostly ends in /v1, and what answers there."[:500]
    if isinstance(error, TooMuch):
        return f"Wait, or see what {config.host} lets this account use: its limits, and whether it is paid for."
    if isinstance(error, TransientError):
        return (
            f"Check that base_url is right and its server runs and is not overloaded. "
            f"If it is only slow, raise timeout_s ({config.timeout_s:g} now)."
        )
    return f"Check model ({config.model}) and base_url ({config.base_url}), which mostly ends in /v1."[:500]


def _plain(text: str, config: Config) -> str:
    if config.key:
        text = text.replace(config.key, "[api_key]")
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
