"""Personal data and secrets taken out of text before it leaves for a model that counts as remote.

Every find becomes a fixed mark: `[email]`, `[phone]`, `[token]`, `[iban]`, `[card]`. What is taken out is decided
by its form, so names, addresses of houses and passwords in plain prose stay. Time grows with the text's length alone.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from taskflow.domain.priority import Level
from taskflow.domain.prompts import Asked
from taskflow.domain.redaction.accounts import find_cards, find_ibans
from taskflow.domain.redaction.addresses import find_emails
from taskflow.domain.redaction.phones import find_phones
from taskflow.domain.redaction.secrets import find_random_runs, find_tokens
from taskflow.domain.redaction.shadow import COVERED, Shadow, Span, cast, strip_hidden

#: A find may open the border of its neighbour; more rounds than this change nothing in practice.
_ROUNDS = 6
_MARKS = re.compile(r"\[(?:email|phone|token|iban|card)\]")
#: In this order: what is found first is covered for the rest.
_KINDS = (
    ("[token]", find_tokens),
    ("[email]", find_emails),
    ("[iban]", find_ibans),
    ("[card]", find_cards),
    ("[token]", find_random_runs),
    ("[phone]", find_phones),
)


@dataclass(frozen=True, slots=True)
class Redacted:
    """`text` with marks in place of what was taken out, and how many pieces that were."""

    text: str
    count: int


def redact(text: str) -> Redacted:
    """`text` without personal data and secrets; redacting the result again changes nothing."""
    text = strip_hidden(text)
    count = 0
    for _ in range(_ROUNDS):
        text, found = _redact_once(text)
        if not found:
            break
        count += found
    return Redacted(text, count)


def redact_asked(asked: Asked) -> tuple[Asked, int]:
    """What a model is told, redacted wherever a person wrote it, and how many pieces were taken out."""
    count = 0

    def clean(text: str) -> str:
        nonlocal count
        redacted = redact(text)
        count += redacted.count
        return redacted.text

    facts = asked.facts
    told = replace(
        facts,
        title=clean(facts.title),
        description=clean(facts.description),
        project=clean(facts.project),
        labels=tuple(clean(label) for label in facts.labels),
        parent=None if facts.parent is None else clean(facts.parent),
    )
    decided: list[tuple[str, Level]] = [(clean(title), level) for title, level in asked.decided]
    return replace(asked, facts=told, decided=decided), count


def _redact_once(text: str) -> tuple[str, int]:
    shadow = cast(text)
    looked = _cover(shadow.text, (found.span() for found in _MARKS.finditer(shadow.text)))
    finds: list[tuple[int, int, str]] = []
    for mark, find in _KINDS:
        spans = _merge(find(looked))
        looked = _cover(looked, spans)
        finds += [(start, end, mark) for start, end in spans]
    return _write(text, shadow, sorted(finds)), len(finds)


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _cover(text: str, spans: Iterable[Span]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], COVERED * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _write(text: str, shadow: Shadow, finds: Iterable[tuple[int, int, str]]) -> str:
    parts, at = [], 0
    for start, end, mark in finds:
        begins, ends = shadow.origin(start, end)
        # One character may cast several: then a find may begin within what is written already.
        parts += [text[at:begins], mark]
        at = max(at, ends)
    return "".join([*parts, text[at:]])
