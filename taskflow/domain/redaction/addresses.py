"""E-mail addresses, also those written with (at) and (dot)."""

import re
from collections.abc import Iterator

from taskflow.domain.redaction.shadow import Span, cast

#: In brackets, in several languages.
_NAMES_OF_AT = cast(r"at|ät|arroba|arobase|klammeraffe|affe|chiocciola|małpa|kukac|zavináč|собака|snabel-?a").text
#: As people write it, as addresses of pages do, and as HTML does.
_AT = re.compile(
    r"(?: (?=@ ))?(@ |@|%40|&(?:#(?:0{0,3}64|x0{0,2}40)|commat);)"
    rf"|[ ]?[(\[{{] ?(?:{_NAMES_OF_AT}) ?[)\]}}] ?|( at )",
    re.IGNORECASE,
)
#: Up to the at sign or the start of the text. No character of it is an at sign: over all of them the scan stays linear.
#: But %40 is written with characters of it, hence no further from there than a name may be long.
_LONGEST_LOCAL = 64
_LOCAL = re.compile(r"[\w.+%&'~-]")
_QUOTED = re.compile(r'"[^"@\s\x00][^"@\n\x00]{0,62}"\Z')
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9a-f.:]{3,45}\]", re.IGNORECASE)
_DOMAIN = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)+")
_NAMES_OF_DOT = "dot|punkt|punto|point|ponto|kropka|точка"
_SPELT = re.compile(
    rf"[^\W_][\w-]*(?:(?:\.| ?[(\[{{] ?(?:{_NAMES_OF_DOT}) ?[)\]}}] ?| dot )[\w-]{{1,63}}){{1,6}}", re.IGNORECASE
)
_DOTS = frozenset(_NAMES_OF_DOT.split("|"))
_LABEL = re.compile(r"[^.\s()\[\]{}]+")
_OCTETS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")


def find_emails(text: str) -> Iterator[Span]:
    """Spans of addresses in a shadow."""
    for found in _AT.finditer(text):
        start = _local_start(text, found.start())
        if start is None:
            continue
        end = _domain_end(text, found.end(), spelt=found[1] is None)
        if end is None or (found[2] is not None and " dot " not in text[found.end() : end].lower()):
            continue
        if found[1] == "@ " and not text[start:end].rpartition(".")[2].isalpha():
            # "at half past seven" has a dot too: 7.30pm.
            continue
        yield start, end


def _local_start(text: str, at: int) -> int | None:
    quoted = _QUOTED.search(text, max(0, at - 64), at) if text[at - 1 : at] == '"' else None
    if quoted is not None:
        return quoted.start()
    start, first = at, max(0, at - _LONGEST_LOCAL) if text[at] == "%" else 0
    while start > first and _LOCAL.match(text[start - 1]):
        start -= 1
    while start < at and text[start] in ".'&%-~":
        start += 1
    return start if start < at else None


def _domain_end(text: str, at: int, *, spelt: bool) -> int | None:
    """Where the domain that begins at `at` ends: with the last label that may be a top-level domain."""
    literal = _LITERAL.match(text, at)
    if literal is not None:
        return literal.end()
    found = (_SPELT if spelt else _DOMAIN).match(text, at)
    if found is None:
        return None
    if _OCTETS.match(found[0]):
        return found.end()
    ends = [
        label.end()
        for number, label in enumerate(_LABEL.finditer(text, found.start(), found.end()))
        if number and len(label[0]) > 1 and any(sign.isalpha() for sign in label[0]) and label[0].lower() not in _DOTS
    ]
    return ends[-1] if ends else None
