"""Telephone numbers: international, national with a trunk digit, in the groups of several countries, or after a word.

Dates, times, amounts, versions and addresses of machines are set aside first. A number of eight digits or fewer is left
alone unless a country's code or a word for a telephone stands before it.
"""

import re
from collections.abc import Iterator

from taskflow.domain.redaction.shadow import Span, cast

#: What is set aside: ends a number, is none.
_ASIDE = "\x01"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_MONEY = (
    r"(?:EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK|CZK|HUF|JPY|CNY|INR|RUB|BRL|TRY|CAD|AUD|euros?|dollars?|zł|Kč)\b|[€$£¥₹₽₺₩]"
)
_AMOUNT = r"\d{1,15}(?:[.,' ]\d{3}){0,6}(?:[.,]\d{1,2})?"
_KEPT = re.compile(
    rf"(?<!\d){_YEAR}([-./]){_DAY}\1{_DAY}(?:T\d{{2,6}}Z?)?(?!\d)"
    rf"|(?<!\d){_DAY}([-./]) ?{_DAY}\2 ?{_YEAR}(?!\d)"
    rf"|(?<![\d./-]){_DAY}([-./]){_DAY}\3\d\d(?![./-]?\d)"
    rf"|(?<![\d./-]){_YEAR}[-/](?:{_YEAR}|\d\d)(?![\d/-])"
    r"|(?<!\d)\d{8}T\d{4,6}Z?(?!\d)"
    r"|(?<![\d:])\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?(?!\d)"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)"
    rf"|(?<![\d+]){_AMOUNT} ?(?:{_MONEY})"
    rf"|(?:{_MONEY}) ?{_AMOUNT}(?!\d)"
    r"|(?<![\d.,])\d{1,3}(?:,\d{3}){2,6}(?:\.\d\d)?(?!\d)"
    r"|(?<![\d.,])\d{1,3}(?:\.\d{3}){2,6},\d\d(?!\d)",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(
    r"(?:\+[ (]{0,2}|(?<![\d.,:/-])00[ ]?(?=[1-9]))\d(?:[ \t().\-/_]{0,3}\d){7,14}",
)
_TRUNK = re.compile(r"(?<![\d.,])\(?0\d(?:[ ().\-/]{0,3}\d){7,10}(?!\d)")
_BRACKETED = re.compile(r"(?:(?<!\d)[178][ -]?)?\(\d{2,5}\)[ -]{0,2}\d{2,5}(?:[ -]{1,2}\d{2,5}){0,3}(?!\d)")
_AMERICAN = re.compile(r"(?<!\d)(?:1[ .-])?\d{3}([ .-]{1,2})\d{3}[ .-]{1,2}\d{4}(?!\d)")
_BRAZILIAN = re.compile(r"(?<!\d)\d{2}[ -]\d{4,5}-\d{4}(?!\d)")
_INDIAN = re.compile(r"(?<!\d)[6-9]\d{4}[ -]\d{5}(?!\d)")
#: Runs of groups that one sign parts: looked through for nine to twelve digits in at least three groups.
_GROUPS = re.compile(r"(?<!\d)\d{2,5}([ -])\d{2,5}(?:\1\d{2,5})+(?!\d)")
_CALLED = cast(
    r"tel|telefon[a-z]?|telephone|phone|ph|mobile?|handy(?:nummer)?|cell|fax|whatsapp|sms|móvil|teléfono|cellulare"
    r"|komórka|telefoon|puhelin|тел|телефон|电话|電話|전화|☎|📞"
    r"|signal|telegram|viber|rufnummer|durchwahl|ring|anrufen(?: unter)?|ruf mich an"
    r"|call(?: me| him| her| us| them)?(?: at| on)?"
).text
_WORD = re.compile(
    rf"(?<![a-z])(?:{_CALLED})"
    r"[.:#]{0,2}[ \t]{0,3}(?:(?:no|nr|number|nummer|is|ist)[.:]{0,2}[ \t]{1,3}){0,2}"
    r"(\(?\d(?:[ \t().\-/]{0,2}\d){5,14})",
    re.IGNORECASE,
)
_LONG = re.compile(r"(?<!\d)(?<!\d[.,])\d{9,}")


def find_phones(text: str) -> Iterator[Span]:
    """Spans of telephone numbers in a shadow, and of any other row of nine digits or more."""
    looked = _KEPT.sub(lambda found: _ASIDE * len(found[0]), text)
    for pattern in (_INTERNATIONAL, _TRUNK, _AMERICAN, _BRAZILIAN, _INDIAN, _LONG):
        yield from (found.span() for found in pattern.finditer(looked))
    for found in _BRACKETED.finditer(looked):
        if _count(found[0]) >= 8:
            yield found.span()
    yield from (found.span(1) for found in _WORD.finditer(looked))
    for found in _GROUPS.finditer(looked):
        yield from _find_grouped(found[0], found.start())


def _count(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


def _find_grouped(run: str, start: int) -> Iterator[Span]:
    groups = [group.span() for group in re.finditer(r"\d+", run)]
    at = 0
    while at < len(groups):
        last = _last_group(run, groups, at)
        if last is not None:
            yield start + groups[at][0], start + groups[last][1]
        at = at + 1 if last is None else last + 1


def _last_group(run: str, groups: list[Span], first: int) -> int | None:
    """The last group of the longest number that begins with group `first`."""
    best, total = None, 0
    for place in range(first, min(len(groups), first + 6)):
        begins, ends = groups[place]
        total += ends - begins
        if place - first >= 2 and 9 <= total <= 12:
            best = place
    if best is None or all(re.fullmatch(_YEAR, run[slice(*groups[place])]) for place in range(first, best + 1)):
        return None
    return best
