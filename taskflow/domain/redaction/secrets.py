"""Keys, tokens and passwords: known by how they begin, by the name before them, or by looking random."""

import re
from collections.abc import Iterator
from itertools import pairwise

from taskflow.domain.redaction.shadow import COVERED, Span, cast

_BEGINS = re.compile(r"-{4,5} ?BEGIN [^-\n\x00]{1,60}-{4,5}")
_ENDS = re.compile(r"-{4,5} ?END [^-\n\x00]{1,60}-{4,5}")
#: What follows a beginning without an end.
_BODY = re.compile(r"(?:\s*[A-Za-z0-9+/=]{16,})*")

#: Tokens that tell their kind by themselves.
_KNOWN = re.compile(
    # The first part has an end: looked for from each of many beginnings, it would take quadratic time.
    r"eyJ[\w-]{6,1000}\.[\w-]{6,}(?:\.[\w-]*){0,3}"
    r"|otpauth://[^\s\x00\"'<>]+"
    r"|(?<=hooks\.slack\.com/)(?:services|workflows)/[\w/-]{8,}"
    r"|(?<=/api/webhooks/)\d{5,}/[\w-]{20,}"
    r"|(?:gh[oprsu]_|github_pat_|glpat-|xox[a-z]-|xapp-|sk_live_|rk_live_)[\w-]{12,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA)[A-Z0-9]{12,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{16,}|SG\.[\w-]{10,}\.[\w-]{10,}|hv[sbr]\.[\w-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
    r"|(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"
    r"|(?<!\d)\d{8,10}:[\w-]{35}"
    r"|(?<![A-Za-z0-9])(?:sk|pk|rk|hf|npm|pypi|shp(?:at|ca|pa|ss)|whsec|figd|dckr_pat|rubygems|lin_api|ops|dop_v1|gl[a-z]{2,5}"
    r"|tskey|sq0[a-z]{3}|nvapi|gsk|r8)[_-](?=[\w-]{0,60}\d)[\w-]{16,}",
    re.ASCII,
)
_BEARER = re.compile(
    r"(?<![a-z])(?:bearer|basic|digest|token|apikey)[ \t]{1,4}((?=[\w.~+/=-]{0,200}\d)[\w.~+/=-]{8,}|[\w.~+/=-]{24,})",
    re.ASCII | re.IGNORECASE,
)
#: A name and a password before the host.
_USERINFO = re.compile(
    r"(?<=://)[^\s:/?#@\x00]{0,100}:(?:[^\s/?#\x00]{1,200}@|(?!\d{1,5}[/?#])[^\s@\x00]{1,200}@)",
)
#: Names whose value is secret whatever it looks like.
_SURE = cast(
    r"pass[-_ ]?(?:word|wd|phrase|code)|passwd|pwd|passwort|kennwort|mot[-_ ]de[-_ ]passe|contraseña|clave secreta"
    r"|senha|hasło|haslo|wachtwoord|lösenord|adgangskode|passord|salasana|heslo|jelszó|şifre|parola"
    r"|пароль|密码|密碼|パスワード|비밀번호"
    r"|(?:api|access|auth|secret|private|signing|encryption|master|account|shared|license)[-_ ]?key"
    r"|(?:client|app|consumer|webhook|shared|signing)[-_ ]?secret"
    r"|(?:access|refresh|id|auth|api|bearer|session|csrf|bot|security)[-_ ]?token|set-cookie"
).text
#: Names that people also write before plain words: their value counts if it looks like one.
_UNSURE = (
    r"(?:db|my|user|smtp|ftp|root|admin|wifi)?pass|secret|token|pin|puk|pw|otp|tan|cvv|cvc|code"
    r"|auth|(?:proxy-)?authorization|credentials?|connection[-_ ]?string|sig|signature|sid|session|cookie|key|login"
)
_PAIR = re.compile(
    rf"(?:(?P<sure>{_SURE})[\w-]{{0,20}}|(?<![a-z])(?P<unsure>{_UNSURE})(?:[_-][\w-]{{0,20}})?)"
    r"[\"'`*]{0,3}[ \t]{0,4}(?:=>|:=|[:=]|>(?=[^\s<]))[ \t]{0,4}"
    r"(?P<value>\x00*\"[^\"\n]{1,200}\"|\x00*'[^'\n]{1,200}'|\x00*`[^`\n]{1,200}`"
    r"|(?:(?:bearer|basic|digest|token|negotiate)[ \t]{1,4})?(?:(?!&[\w.-]{1,40}=|</)[^\s])+)",
    re.IGNORECASE,
)
#: What follows such a name as often and is no secret: an issue's key, a date, a time, a version, an address.
_HARMLESS = re.compile(r"[A-Z][A-Z0-9]{0,9}-\d{1,7}|#?\d+(?:[.:/-]\d+)+[A-Za-z]{0,2}|v\d[\d.]*|https?://.*|\d{1,8}")
_DIGITS_COUNT = frozenset({"pin", "puk", "otp", "tan", "cvv", "cvc", "code", "pass", "secret", "token"})
_QUERY = re.compile(
    r"(?<=[?&;])(?:[\w.-]{0,40}(?:token|secret|passw(?:or)?d|pwd|signature|credential|api[-_]?key|session|key|auth|code)"
    r"|sig|sid|pass|otp|state|jwt|ticket|hash|hmac)=([^\s&#\"'<>\x00]+)",
    re.IGNORECASE | re.ASCII,
)
#: What stands between the two without a blank before it.
_IS = cast("は|是|为|為|는|은").text
#: "the password is …": only what no sentence goes on with.
_SAID = re.compile(
    rf"(?:(?:{_SURE}|(?<![a-z])(?:pin|token|secret))[ \t]{{1,4}}"
    rf"(?:is|was|ist|lautet|est|es|to|now|är|er|это)[ \t]{{1,4}}"
    rf"|(?:{_SURE})[ \t]{{0,4}}(?:{_IS})[ \t]{{0,4}})"
    r"[\"'`]?((?=[^\s\x00]{0,60}[\d$%&#@!_^*+=~])[^\s\x00]{4,})",
    re.IGNORECASE,
)
#: Numbers that are told right after their name.
_NUMBER = re.compile(
    r"(?<![a-z])(?:pin|puk|tan|otp|cvv|cvc)(?:[ -]?code)?[ \t]{1,4}(\d{4,8})(?![\d.:/-]?\d)", re.IGNORECASE
)
#: Options of commands.
_OPTION = re.compile(
    rf"(?<![\w-])(?:--?(?:{_SURE}|pass|token|secret|key)[ \t]{{1,4}}([^\s\x00-][^\s\x00]*)"
    r"|(?:-u|--user)[ \t=]{0,4}([^\s:\x00]{1,80}:[^\s\x00/][^\s\x00]*))",
    re.IGNORECASE,
)

_RUN = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_UUID = re.compile(
    r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![0-9a-fA-F])"
)
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_PIECE = re.compile(r"[A-Za-z0-9]+")
#: Letters and digits of a run that is looked at, and the share of changes of kind among them that counts as random.
#: Random base64 changes at 0.45 of its places, words with numbers and capitals below 0.15.
_LEAST = 20
_CHANGES = 0.2


def find_tokens(text: str) -> Iterator[Span]:
    """Spans of secrets in a shadow that their beginning or their name gives away."""
    yield from _find_blocks(text)
    for pattern in (_KNOWN, _USERINFO):
        yield from ((found.start(), _without_at(text, found.end())) for found in pattern.finditer(text))
    for pattern in (_BEARER, _QUERY, _SAID, _NUMBER, _OPTION):
        for found in pattern.finditer(text):
            start, end = found.span(found.lastindex or 0)
            yield start, _trim(text, start, end)
    yield from _find_pairs(text)


def _without_at(text: str, end: int) -> int:
    return end - 1 if text[end - 1] == "@" else end


def _find_blocks(text: str) -> Iterator[Span]:
    """Armoured keys and certificates."""
    at, may_end = 0, True
    while (found := _BEGINS.search(text, at)) is not None:
        # Without an end ahead of this beginning there is none ahead of the next: the text is searched for it once.
        ends = _ENDS.search(text, found.end()) if may_end else None
        may_end = ends is not None
        body = _BODY.match(text, found.end())
        at = ends.end() if ends is not None else body.end() if body is not None else found.end()
        yield found.start(), at


def _find_pairs(text: str) -> Iterator[Span]:
    at = 0
    while (found := _PAIR.search(text, at)) is not None:
        start, end = found.span("value")
        if text[end - 1] not in "\"'`" or text[start:end].lstrip(COVERED)[0] != text[end - 1]:
            end = _trim(text, start, end)
        value = text[start:end]
        if found["unsure"] is not None and not _looks_secret(found["unsure"], value):
            # The value may be the next name.
            at = max(start, found.end("unsure"))
            continue
        at = max(end, start + 1)
        if value.strip(COVERED):
            yield start, end


def _trim(text: str, start: int, end: int) -> int:
    """Where a value ends without what a sentence or a bracket closes with."""
    while end > start and text[end - 1] in ".,;)]}>\"'`*":
        end -= 1
    return end


def _looks_secret(name: str, value: str) -> bool:
    plain = value.strip("\x00\"'`")
    if len(plain) < 3:
        return False
    if plain.isdecimal() and name.lower() in _DIGITS_COUNT:
        return True
    return not _HARMLESS.fullmatch(plain) and (any(sign.isdigit() for sign in plain) or len(plain) >= 20)


def find_random_runs(text: str) -> Iterator[Span]:
    """Spans of long runs of hexadecimal digits, base64 or the like, and of UUIDs."""
    for pattern in (_UUID, _HEX):
        yield from (found.span() for found in pattern.finditer(text))
    for found in _RUN.finditer(text):
        if _is_random(found[0]):
            yield found.span()


def _is_random(run: str) -> bool:
    pieces = _PIECE.findall(run)
    if any(len(piece) >= _LEAST and _mixes(piece) for piece in pieces):
        return True
    letters = sum(map(len, pieces))
    if letters < _LEAST or not any(sign.isdigit() for sign in run) or not any(sign.isalpha() for sign in run):
        return False
    return sum(map(_changes, pieces)) >= _CHANGES * letters and max(map(len, pieces)) >= 6


def _mixes(piece: str) -> bool:
    """Whether small letters, capitals and digits are all there, and a digit stands before the end."""
    kinds = {_kind(sign) for sign in piece}
    return len(kinds) == 3 and any(sign.isdigit() for sign in piece.rstrip("0123456789"))


def _changes(piece: str) -> int:
    """How often letters, capitals and digits take turns; a capital that begins a word does not count."""
    kinds = [_kind(sign) for sign in piece]
    return sum(before != after and (before, after) != ("upper", "lower") for before, after in pairwise(kinds))


def _kind(sign: str) -> str:
    return "digit" if sign.isdigit() else "upper" if sign.isupper() else "lower"
