"""One instance's REST interface over HTTP: retries that do nothing twice, and errors in words."""

import json
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskflow.interfaces.cli.client.addresses import is_local
from taskflow.interfaces.cli.client.logins import Login, find_login
from taskflow.interfaces.cli.client.plain_text import plain
from taskflow.interfaces.cli.client.refusals import explain
from taskflow.interfaces.cli.output import Failure

if TYPE_CHECKING:
    import httpx

#: Seconds to connect, and between two pieces of an answer; a suggestion is waited for on top of it.
_CONNECT, _READ = 5.0, 30.0
#: Seconds before each further try after a lost connection: an instance that restarts is back by then.
_PAUSES = (0.3, 1.0, 2.0)
#: The longest `Retry-After` that is waited for, once.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its document, and the text it came as."""

    status: int
    text: str
    data: Any


class Lost(Failure):
    """The instance cannot be reached, or went away."""


class Connection:
    """Speaks to one instance. Failures are `Failure`s: `Refused` what it answered, `Lost` when it did not."""

    def __init__(self, url: str, token: str | None = None) -> None:
        import httpx

        self.url = url
        headers = {"Accept": "application/json", "User-Agent": "taskflow-cli"}
        if token is not None:
            if not token.isascii() or not token.isprintable():
                raise Failure("The token has characters that no token has.")
            headers["Authorization"] = f"Bearer {token}"
        # A proxy for the internet has no way to this machine.
        self._client = httpx.Client(
            base_url=f"{url}/api/v1/", headers=headers, timeout=httpx.Timeout(_READ, connect=_CONNECT),
            trust_env=not is_local(url),
        )  # fmt: skip

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, str] | None = None, *, missing: str = "") -> Answer:
        """The answer to GET; `missing` is said when there is no such thing."""
        return self._ask("GET", path, missing=missing, params=dict(parameters or {}))

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, missing: str = "", wait: int | None = None
    ) -> Answer:
        """The answer to POST, sent with a key of its own: however often it is tried, it is done once.

        `wait` asks for a finished suggestion, if it is ready within so many seconds.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self._ask("POST", path, missing=missing, json=dict(body or {}), headers=headers)

    def delete(self, path: str) -> None:
        """DELETE, which has no answer."""
        self._ask("DELETE", path, missing="")

    def pages(self, path: str, parameters: Mapping[str, str], most: int | None) -> Iterator[Answer]:
        """The pages of a list until `most` results are there, or all with None."""
        left = most
        cursor: str | None = None
        while left is None or left > 0:
            size = 200 if left is None else min(200, left)
            page = self.get(path, {**parameters, "limit": str(size), **({"cursor": cursor} if cursor else {})})
            yield page
            cursor = page.data["next_cursor"]
            if cursor is None:
                return
            left = None if left is None else left - len(page.data["results"])

    def _ask(self, method: str, path: str, *, missing: str, **options: Any) -> Answer:
        response = self._send_patiently(method, path, **options)
        document = _read(response)
        if response.is_redirect:
            target = plain(response.headers.get("Location", "")).partition("/api/v1")[0]
            raise Failure(f"{self.url} has moved to {target}. Log in there: taskflow login {target}")
        if response.is_success and (document is not None or response.status_code == 204):
            return Answer(response.status_code, response.text, document)
        if not isinstance(document, dict) or "code" not in document:
            detail = f"it answered {response.status_code} in a form that TaskFlow does not use"
            raise Failure(f"{self.url} does not seem to be TaskFlow: {detail}. Check the address.")
        expression = options.get("params", {}).get("filter", "")
        raise explain(response.status_code, document, url=self.url, missing=missing, expression=expression)

    def _send_patiently(self, method: str, path: str, **options: Any) -> "httpx.Response":
        """Waits once where the instance says for how long."""
        response = self._send(method, path, **options)
        seconds = _retry_after(response)
        if response.status_code in {429, 503} and seconds is not None and seconds <= _PATIENCE:
            print(f"The instance asks to wait {seconds} s …", file=sys.stderr, flush=True)
            time.sleep(seconds)
            response = self._send(method, path, **options)
        return response

    def _send(self, method: str, path: str, **options: Any) -> "httpx.Response":
        """Sends again after a lost connection, except where the instance keeps no answers to give again."""
        import httpx

        pauses = () if path.startswith("auth/") else _PAUSES
        for tried, pause in enumerate((*pauses, None)):
            try:
                return self._client.request(method, path, **options)
            except httpx.TimeoutException as error:
                if isinstance(error, httpx.ConnectTimeout):
                    raise Lost(f"{self.url} cannot be reached: no answer in {_CONNECT:.0f} seconds.") from None
                doubt = "" if method == "GET" else " It may have been done all the same: look before you repeat it."
                raise Lost(f"{self.url} did not answer in {_READ:.0f} seconds.{doubt}") from None
            except httpx.ConnectError as error:
                # Refused from the start, it is not there; after it was there, it may be restarting.
                if tried == 0 or pause is None:
                    raise Lost(_explain_connect(self.url, error)) from None
            except httpx.TransportError as error:
                if pause is None:
                    raise Lost(f"The connection to {self.url} broke: {_reason(error)}.") from None
            except UnicodeEncodeError:
                raise Failure("The text is not valid UTF-8. Write it anew, or set the terminal to UTF-8.") from None
            except (httpx.InvalidURL, ValueError) as error:
                raise Failure(f"{self.url} cannot be asked: {_reason(error)}.") from None
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")


@contextmanager
def connect(url: str | None) -> Iterator[Connection]:
    """A connection with the stored login for `url`, or the current one."""
    connection = connect_as(find_login(url))
    try:
        yield connection
    finally:
        connection.close()


def connect_as(login: Login) -> Connection:
    """A connection with this login's token."""
    return Connection(login.url, login.token)


def _read(response: "httpx.Response") -> Any:
    """The JSON of an answer; None where it is something else."""
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        return json.loads(response.text)
    except ValueError:
        return None


def _retry_after(response: "httpx.Response") -> int | None:
    text = response.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _reason(error: BaseException) -> str:
    return plain(error).strip().rstrip(".") or type(error).__name__


def _explain_connect(url: str, error: BaseException) -> str:
    reason = _reason(error)
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            f"The certificate of {url} is not trusted ({reason}). "
            "For one of your own authority, set SSL_CERT_FILE to that authority's certificate."
        )
    if "SSL" in reason or "TLS" in reason:
        return f"{url} does not speak TLS ({reason}). Perhaps it is http, not https."
    start = " If TaskFlow should run on this machine, start it: taskflow up (or make up)." if is_local(url) else ""
    return f"{url} cannot be reached: {reason}. Is TaskFlow running there?{start}"
