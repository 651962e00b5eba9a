"""What an instance refused, in words for the person at the keyboard."""

from typing import Any

from taskflow.interfaces.cli.client.plain_text import plain
from taskflow.interfaces.cli.output import Failure

#: Characters of an expression that are shown on either side of the place where it went wrong.
_AROUND = 50


class Refused(Failure):
    """The instance answered with a problem document; `code` is its code."""

    def __init__(self, text: str, status: int, problem: dict[str, Any], notes: list[str]) -> None:
        found = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
        code = str(problem.get("code", ""))
        super().__init__(text, notes=notes, document={"status": status, "code": code, "errors": found})
        self.status = status
        self.code = code


def explain(status: int, problem: dict[str, Any], *, url: str, missing: str, expression: str) -> Refused:
    """The problem as a `Refused`: one line that says what to do, and one for every further field.

    `missing` is said for 404; `expression` is the filter that was sent, to point at the place that is wrong.
    """
    detail = plain(problem.get("detail") or problem.get("title") or f"The answer was {status}.")
    notes: list[str] = []
    if status == 401 and problem.get("code") in {"invalid_token", "not_authenticated"}:
        text = f"{url} does not accept the token (any more). Log in again: taskflow login {url}"
    elif status == 403 and problem.get("code") == "insufficient_scope":
        text = f"{detail} Log in again for a token that may: taskflow login {url}"
    elif status == 404:
        text = missing or detail
    elif status >= 500:
        text = f"{url} failed with {status}: {detail} Its log says why; taskflow doctor checks it."
    else:
        lines = [_name(error) for error in problem.get("errors") or [] if isinstance(error, dict)]
        text = lines[0] if lines else detail
        notes = lines[1:]
        notes += _point(problem, expression)
    return Refused(text, status, problem, notes)


def _name(error: dict[str, Any]) -> str:
    return f"{plain(error.get('field', ''))}: {plain(error.get('detail', ''))}"


def _point(problem: dict[str, Any], expression: str) -> list[str]:
    """The expression with a caret under the character that is wrong; nothing where there is nothing to show."""
    if not expression.strip():
        return []
    for error in problem.get("errors") or []:
        position = error.get("position") if isinstance(error, dict) else None
        if error.get("field") == "filter" and isinstance(position, int) and 0 <= position <= len(expression):
            from rich.cells import cell_len

            start = max(0, position - _AROUND)
            before = ("…" if start else "") + plain(expression[start:position])
            after = plain(expression[position : position + _AROUND])
            return [f"  {before}{after}", f"  {' ' * cell_len(before)}^"]
    return []
