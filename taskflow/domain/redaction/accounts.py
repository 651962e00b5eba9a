"""Bank accounts and cards, known by their check digits (ISO 13616 and ISO/IEC 7812)."""

import re
from collections.abc import Iterator

from taskflow.domain.redaction.shadow import Span

#: Characters of an IBAN by country, from the registry of ISO 13616.
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FK FI FO GL NL",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_IBAN_START = re.compile(r"(?=([A-Za-z]{2})[ ]?\d[ ]?\d)")
_CARD = re.compile(
    r"(?<!\d)(?:"
    r"[2-6]\d{12,18}"
    r"|[2-6]\d{3}([ ._/-]{1,2})\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
    r"|3\d{3}[ ._/-]{1,2}\d{6}[ ._/-]{1,2}\d{4,5}"
    r"|[2-6](?:[ ._/-]\d){12,18}"
    r")(?!\d)"
)

_LAST_GROUP = re.compile(r"[ ._/-]{1,2}\d{1,3}\Z")


def find_ibans(text: str) -> Iterator[Span]:
    """Spans of IBANs in a shadow, in groups or in one, in any case, whose check digits are right."""
    for found in _IBAN_START.finditer(text):
        length = _LENGTHS.get(found[1].upper())
        if length is None:
            continue
        end, account = _collect(text, found.start(), length)
        if len(account) == length and _is_iban(account.upper()):
            yield found.start(), end


def _collect(text: str, start: int, length: int) -> tuple[int, str]:
    """Where the `length` letters and digits from `start` on end, two separators at most between any of them."""
    taken: list[str] = []
    gap, at = 0, start
    while at < len(text) and len(taken) < length and gap <= 2:
        sign = text[at]
        if sign.isascii() and sign.isalnum():
            taken.append(sign)
            gap = 0
        elif sign in " .-_/":
            gap += 1
        else:
            break
        at += 1
    return at, "".join(taken)


def _is_iban(account: str) -> bool:
    # Where an account may have letters they are the smaller part: words with a number before them are none.
    if sum(sign.isdigit() for sign in account) * 2 < len(account):
        return False
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def find_cards(text: str) -> Iterator[Span]:
    """Spans of card numbers in a shadow: 13 to 19 digits, in one or in the groups of cards, that pass Luhn's test."""
    for found in _CARD.finditer(text):
        # What follows in a group of its own may be when it expires.
        shorter = _LAST_GROUP.sub("", found[0])
        for number in (found[0], shorter):
            digits = [int(sign) for sign in number if sign.isdigit()]
            if 13 <= len(digits) <= 19 and _passes_luhn(digits):
                yield found.start(), found.start() + len(number)
                break


def _passes_luhn(digits: list[int]) -> bool:
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
