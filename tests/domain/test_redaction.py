"""What is taken out of text before it leaves, and what stays."""

import random
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.facts import TaskFacts
from taskflow.domain.prompts import Asked
from taskflow.domain.redaction import Redacted, redact, redact_asked

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSj\n-----END PRIVATE KEY-----"

EMAILS = [
    ("ada@example.org", "[email]"),
    ("Write to ada.lovelace+tasks@mail.example.co.uk.", "Write to [email]."),
    ("<ada@example.org>, (bob@example.com)", "<[email]>, ([email])"),
    ("mailto:ada@example.org?subject=Hi", "mailto:[email]?subject=Hi"),
    ("o'brien@example.ie", "[email]"),
    ("'ada@example.org'", "'[email]'"),
    ("łukasz@przykład.pl", "[email]"),
    ("用户@例子.公司", "[email]"),
    ("иван@почта.рф", "[email]"),
    ("ada@192.168.1.20", "[email]"),
    ("ada@[192.168.1.20]", "[email]"),
    ('"ada lovelace"@example.org', "[email]"),
    ("ada@example.org,bob@example.org;eve@example.org", "[email],[email];[email]"),
    ("ada (at) example (dot) org", "[email]"),
    ("ada[at]example.org", "[email]"),
    ("ada at example dot org, please", "[email], please"),
    ("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "[email]"),
    ("ada\u200b@\u200dexample.org", "[email]"),
    ("a\u00adda@exam\u2060ple.org", "[email]"),
    ("ada@example。org", "[email]"),
    ("@ada@example.social", "@[email]"),
    ("https://x.org/?to=ada%40example.org&n=1", "https://x.org/?to=[email]&n=1"),
    ("ada&#64;example.org", "[email]"),
    ("ada&commat;example.org", "[email]"),
    ("ada @ example.org", "[email]"),
    ("ada@ example.org", "[email]"),
    ("ada(ät)example.de", "[email]"),
    ("ada [arroba] ejemplo [punto] es", "[email]"),
    ("ada (chiocciola) esempio.it", "[email]"),
    ("ada(собака)primer.ru", "[email]"),
]
PHONES = [
    ("+49 30 1234567", "[phone]"),
    ("Call +1 (555) 123-4567 today", "Call [phone] today"),
    ("+44 20 7946 0958", "[phone]"),
    ("+33 6 12 34 56 78", "[phone]"),
    ("+48 601 234 567", "[phone]"),
    ("+34 912 34 56 78", "[phone]"),
    ("+39 06 1234 5678", "[phone]"),
    ("+81 90-1234-5678", "[phone]"),
    ("+86 138 1234 5678", "[phone]"),
    ("+91 98765 43210", "[phone]"),
    ("+55 11 98765-4321", "[phone]"),
    ("+7 912 345-67-89", "[phone]"),
    ("+45 12 34 56 78", "[phone]"),
    ("+65 6123 4567", "[phone]"),
    ("+353 85 123 4567", "[phone]"),
    ("+49-(0)30-123456", "[phone]"),
    ("0049 151 23456789", "[phone]"),
    ("tel:+4930123456", "tel:[phone]"),
    ("030 1234567", "[phone]"),
    ("(030) 123 45 67", "[phone]"),
    ("0151/23456789", "[phone]"),
    ("020 7946 0958", "[phone]"),
    ("07911 123456", "[phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("06.12.34.56.78", "[phone]"),
    ("0800 123 4567", "[phone]"),
    ("555-123-4567", "[phone]"),
    ("(555) 123-4567", "[phone]"),
    ("1-800-555-0199", "[phone]"),
    ("555.123.4567", "[phone]"),
    ("912 345 678", "[phone]"),
    ("91 234 56 78", "[phone]"),
    ("98765 43210", "[phone]"),
    ("(11) 98765-4321", "[phone]"),
    ("11 98765-4321", "[phone]"),
    ("8 (912) 345-67-89", "[phone]"),
    ("13812345678", "[phone]"),
    ("phone: 555 1234", "phone: [phone]"),
    ("Signal: 1234567", "Signal: [phone]"),
    ("Ruf mich an: 901820", "Ruf mich an: [phone]"),
    ("Tel. 12 34 56 78", "Tel. [phone]"),
    ("call me on 6123 4567", "call me on [phone]"),
    ("телефон 234-56-78", "телефон [phone]"),
    ("＋４９ ３０ １２３４５６７", "[phone]"),
    ("+٤٩ ٣٠ ١٢٣٤٥٦٧", "[phone]"),
    ("+49\u00a030\u20091234567", "[phone]"),
    ("+4\u200b9 3\u200b0 12\u206034567", "[phone]"),
    ("+49 30 12\ufe0f\u20e334567", "[phone]"),
    ("+49 30 1234567, +49 30 7654321", "[phone], [phone]"),
    ("01.12.2026 030 1234567", "01.12.2026 [phone]"),
]
TOKENS = [
    ("pw: hunter2", "pw: [token]"),
    ("PIN 4711 for the door", "PIN [token] for the door"),
    ("密码是abc12345", "密码是[token]"),
    ("パスワードはabc123です", "パスワードは[token]"),
    ("비밀번호는 abc12345", "비밀번호는 [token]"),
    # Those of Hugging Face may be letters alone.
    ("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", "[token]"),
    ("Authorization: Bearer abcdef123456", "Authorization: [token]"),
    ("use bearer AbCdEf0123456789.", "use bearer [token]."),
    ("Basic dXNlcjpwYXNzd29yZDEyMw==", "Basic [token]"),
    ("sk-proj-abcd1234efgh5678ijkl", "[token]"),
    ("sk-ant-api03-AbCd1234_efgh-5678", "[token]"),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "[token]"),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[token]"),
    ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "[token]"),
    ("glpat-abcdef1234567890abcd", "[token]"),
    ("xoxb-123456789012-abcdefghijkl", "[token]"),
    ("AKIAIOSFODNN7EXAMPLE", "[token]"),
    ("AIzaSyA-1234567890abcdefghijklmnopqrstu", "[token]"),
    ("hf_abcdefghijklmnop1234567890", "[token]"),
    ("npm_abcdefghij1234567890klmnopqrstuvwxyz", "[token]"),
    ("SG.abcdefghij1234567890.klmnopqrst1234567890", "[token]"),
    ("bot 123456789:AAF0abcdefghijklmnopqrstuvwxyz12345", "bot [token]"),
    (JWT, "[token]"),
    (f"cookie jwt={JWT}; path=/", "cookie jwt=[token]; path=/"),
    ("otpauth://totp/App:ada?secret=JBSWY3DPEHPK3PXP", "[token]"),
    ("https://hooks.slack.com/services/T0000/B0000/XXXXXXXX", "https://hooks.slack.com/[token]"),
    (PEM, "[token]"),
    (f"before {PEM} after", "before [token] after"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ", "[token]"),
    ("password: hunter2", "password: [token]"),
    ("Password = correct-horse, then restart", "Password = [token], then restart"),
    ('{"password": "two words"}', '{"password": [token]}'),
    ("DB_PASSWORD=s3cr3t!", "DB_PASSWORD=[token]"),
    ("Passwort: geheim", "Passwort: [token]"),
    ("contraseña: abc", "contraseña: [token]"),
    ("mot de passe : soleil", "mot de passe : [token]"),
    ("пароль: секрет", "пароль: [token]"),
    ("パスワード：ひみつ", "パスワード：[token]"),
    ("비밀번호: 비밀", "비밀번호: [token]"),
    ("ｐａｓｓｗｏｒｄ：ｈｕｎｔｅｒ２", "ｐａｓｓｗｏｒｄ：[token]"),
    ("pass\u200bword: hunter2", "pass\u200bword: [token]"),
    ("the password is hunter2", "the password is [token]"),
    ("api_key=abcd", "api_key=[token]"),
    ("API key: abcd-efgh", "API key: [token]"),
    ("client_secret: 'abc def'", "client_secret: [token]"),
    ("PIN: 4711", "PIN: [token]"),
    ("token: abc123", "token: [token]"),
    ("<password>hunter2</password>", "<password>[token]</password>"),
    ("mysql --password hunter2", "mysql --password [token]"),
    ("curl -u ada:hunter2 https://example.org", "curl -u [token] https://example.org"),
    ("https://ada:pw@example.org/x", "https://[token]@example.org/x"),
    ("postgres://app:p@ss@db:5432/tasks", "postgres://[token]@db:5432/tasks"),
    ("redis://:hunter2@cache:6379", "redis://[token]@cache:6379"),
    ("https://example.org/?page=2&token=abc&x=1", "https://example.org/?page=2&token=[token]&x=1"),
    ("https://example.org/?X-Amz-Signature=abc", "https://example.org/?X-Amz-Signature=[token]"),
    ("https://example.org/cb?code=xyz&state=pqr", "https://example.org/cb?code=[token]&state=[token]"),
    ("d41d8cd98f00b204e9800998ecf8427e", "[token]"),
    ("550e8400-e29b-41d4-a716-446655440000", "[token]"),
    ("Zm9vYmFyQmF6MTIzNDU2Nzg5MGFiYw", "[token]"),
]
ACCOUNTS = [
    ("4111 1111 1111 1111 12/27", "[card] 12/27"),
    ("5500-0000-0000-0004-123", "[card]-123"),
    ("DE89 3704 0044 0532 0130 00", "[iban]"),
    ("DE89370400440532013000", "[iban]"),
    ("de89 3704 0044 0532 0130 00 please", "[iban] please"),
    ("GB29 NWBK 6016 1331 9268 19", "[iban]"),
    ("FR14 2004 1010 0505 0001 3M02 606", "[iban]"),
    ("NL91ABNA0417164300", "[iban]"),
    ("CH93 0076 2011 6238 5295 7", "[iban]"),
    ("PL61 1090 1014 0000 0712 1981 2874", "[iban]"),
    ("ES91 2100 0418 4502 0005 1332", "[iban]"),
    ("IT60 X054 2811 1010 0000 0123 456", "[iban]"),
    ("NO93 8601 1117 947", "[iban]"),
    ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "[iban]"),
    ("SA03 8000 0000 6080 1016 7519", "[iban]"),
    ("BR18 0036 0305 0000 1000 9795 493C 1", "[iban]"),
    ("ＤＥ８９ ３７０４ ００４４ ０５３２ ０１３０ ００", "[iban]"),
    ("DE89\u200b3704\u00a00044-0532-0130-00", "[iban]"),
    ("4111 1111 1111 1111", "[card]"),
    ("4111111111111111", "[card]"),
    ("5500-0000-0000-0004", "[card]"),
    ("3400 000000 00009", "[card]"),
    ("6011.0000.0000.0004", "[card]"),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card]"),
    ("４１１１ １１１１ １１１１ １１１１", "[card]"),
    ("41\u200b11 1111\u200b 1111 1111", "[card]"),
    ("card 4111 1111 1111 1111 exp 12/24", "card [card] exp 12/24"),
]
KEPT = [
    "",
    "Dinner @ 7.30pm",
    "ask @bob.smith",
    "密码是什么",
    "Pin 12 posters, TAN 1234-56",
    "Pay rent on 2026-12-01",
    "Due 01.12.2026, or 1.12.26",
    "12/24",
    "12/24/2026 and 24/12/2026",
    "2026-11-29T16:55:12Z",
    "20261129T165512Z",
    "from 2026-11-29 to 2026-12-03",
    "01.12.2026 - 03.12.2026",
    "01.12.2026-03.12.2026",
    "2026-11 2026-12 2027-01",
    "2024 2025 2026",
    "2025-2026, 2024/25",
    "at 09:30, 16:55:12 or 7:05",
    "09:00-10:30 11:00-12:30",
    "1,299.00 EUR",
    "1.299,00 €",
    "$12,345,678.90",
    "12 500 000 EUR",
    "EUR 123.456.789,00",
    "1 299 000 zł",
    "3.14159265358",
    "1.2.3",
    "v10.15.7, 24.04.1 and 2026.11.29",
    "Python 3.11.4, Django 5.2",
    "192.168.100.200",
    "127.0.0.1:8080",
    "HOME-12",
    "Fix OPS-1234 and WEB-99999",
    "Key: HOME-12",
    "order 12345678",
    "Order 12345678, 87654321 and 1234567",
    "invoice 2026-0042",
    "no. 00012345",
    "50 % of 1200",
    "3+4=7, 2*3",
    "10x20x30 cm",
    "#ff8800",
    "commit abc1234",
    "@ada please look",
    "lunch @ noon",
    "meet at point dot",
    "5@3.50",
    "react@18.2.0",
    "https://example.org/@ada/posts?page=2",
    "http://localhost:8080/a/b@c",
    "https://example.org:8443/docs/Getting-started-2026.html#top",
    "src/components/Header2/IndexPage/index.ts",
    "quarterly-report-final-version-2026-for-review",
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    "AVeryLongCamelCaseNameOfSomething",
    "task-management-in-small-teams-of-2026",
    "disk-cleanup-and-more-of-the-same-words-1",
    "the key: think first",
    "Session: plan the week",
    "session: 2026-12-01",
    "code: review by Friday",
    "compass: north",
    "monkey: 500 bananas",
    "keyboard: 104 keys",
    "Change the password on Friday",
    "passport renewal",
    "bearer certificates",
    "basic understanding",
    "a token of thanks",
    "Basics, token ring, digest of news",
    "DE12 is a road",
    "ISBN 978-3-16-148410-0",
    "call 12 people by 12:30",
    "call Ada about 2026-12-01",
    "phone the bank",
    "room 0815",
    "買い物に行く",
    "شراء الحليب",
    "👨‍👩‍👧 family day",
    "Ｆｕｌｌ ｗｉｄｔｈ words stay",
    "-----\nBEGIN\n-----",
    "[email] [phone] [token] [iban] [card]",
    "password: [token]",
    "<b>bold</b> {{ x }} {% y %}",
]


@pytest.mark.parametrize(("text", "left"), EMAILS + PHONES + TOKENS + ACCOUNTS)
def test_personal_data_and_secrets_become_marks(text: str, left: str) -> None:
    found = redact(text)
    assert found.text == left
    assert found.count > 0


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert redact(text) == Redacted(text, 0)


def test_an_account_with_wrong_check_digits_is_none() -> None:
    assert "[iban]" not in redact("DE88 3704 0044 0532 0130 00").text


def test_a_card_that_fails_its_check_is_none() -> None:
    assert "[card]" not in redact("4111 1111 1111 1112").text


def test_text_that_cannot_be_seen_goes() -> None:
    hidden = "".join(chr(0xE0000 + ord(sign)) for sign in "ada@example.org")
    assert redact(f"Buy milk{hidden}").text == "Buy milk"


def test_every_place_where_a_person_wrote_is_redacted() -> None:
    facts = TaskFacts(
        title="Mail ada@example.org",
        description="PIN: 4711, DE89 3704 0044 0532 0130 00",
        project="bob@example.org",
        labels=("eve@example.org", "home"),
        parent="Call +49 30 1234567",
        created_at=NOW,
        estimate_minutes=30,
    )
    asked, count = redact_asked(Asked(facts=facts, decided=[("4111 1111 1111 1111", "low")], now=NOW, timezone="UTC"))
    assert count == 7
    assert asked.facts == TaskFacts(
        title="Mail [email]",
        description="PIN: [token], [iban]",
        project="[email]",
        labels=("[email]", "home"),
        parent="Call [phone]",
        created_at=NOW,
        estimate_minutes=30,
    )
    assert list(asked.decided) == [("[card]", "low")]
    assert redact_asked(asked) == (asked, 0)


def _digits(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("0123456789", k=length))


def _iban(seed: int) -> str:
    account = _digits(seed, 18)
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _card(seed: int) -> str:
    number = "4" + _digits(seed, 14)
    doubled = [int(sign) * (2 - place % 2) for place, sign in enumerate(number)]
    return number + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def _key(seed: int, length: int) -> str:
    return b64encode(random.Random(seed).randbytes(length)).decode()


def _grouped(number: str) -> str:
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


SECRETS: dict[str, Callable[[int], str]] = {
    "email": lambda seed: f"ada{seed}@example.org",
    "phone": lambda seed: f"+49 30 {_digits(seed, 7)}",
    "national phone": lambda seed: f"0151 {_digits(seed, 8)}",
    "american phone": lambda seed: f"555-{_digits(seed, 3)}-{_digits(seed + 1, 4)}",
    "iban": _iban,
    "grouped iban": lambda seed: _grouped(_iban(seed)),
    "card": _card,
    "grouped card": lambda seed: _grouped(_card(seed)),
    "github": lambda seed: "ghp_" + _digits(seed, 36),
    "openai": lambda seed: "sk-" + _key(seed, 30).replace("/", "x").replace("+", "y") + "1",
    "aws": lambda seed: "AKIA" + _digits(seed, 16),
    "jwt": lambda seed: "eyJ" + ".".join(urlsafe_b64encode(_key(seed, 20).encode()).decode()[:24] for _ in "abc"),
    "hex": lambda seed: random.Random(seed).randbytes(20).hex(),
    "base64": lambda seed: _key(seed, 48),
    "bearer": lambda seed: f"Bearer {_digits(seed, 12)}abc",
    "pair": lambda seed: f"password: pw{seed}",
    "api key": lambda seed: f"api_key=k{seed}",
    "address": lambda seed: f"https://ada:pw{seed}@example.org",
    "parameter": lambda seed: f"https://example.org/?token=t{seed}",
    "pem": lambda seed: f"-----BEGIN PRIVATE KEY-----\n{_key(seed, 40)}\n-----END PRIVATE KEY-----",
}
#: What of a secret must be gone, where its frame may stay.
CORE: dict[str, Callable[[str], str]] = {
    "bearer": lambda secret: secret.removeprefix("Bearer "),
    "pair": lambda secret: secret.removeprefix("password: "),
    "api key": lambda secret: secret.removeprefix("api_key="),
    "address": lambda secret: secret.removeprefix("https://").removesuffix("@example.org"),
    "parameter": lambda secret: secret.partition("=")[2],
    "pem": lambda secret: secret.split("\n")[1],
}
BORDERS = st.sampled_from([" ", "\n", "\t", "(", ", ", " - ", "\u00a0", "\u3000", " <", "; "])
AROUND = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789 .-/+@:=\"'()[]{}\n,ab\u200b", max_size=40),
    st.sampled_from(
        ["2026-12-01", "password", "[token]", "at", "-----BEGIN A-----", "https://a:1@", "DE89", "+49", "12"]
    ),
)


@pytest.mark.parametrize("kind", SECRETS)
@given(before=AROUND, after=AROUND, opens=BORDERS, closes=BORDERS, seed=st.integers(10**6, 10**9))
def test_a_secret_survives_in_no_surroundings(
    kind: str, before: str, after: str, opens: str, closes: str, seed: int
) -> None:
    secret = SECRETS[kind](seed)
    core = CORE[kind](secret) if kind in CORE else secret
    left = redact(f"{before}{opens}{secret}{closes}{after}").text
    assert core not in left


@given(
    st.lists(
        st.one_of(
            AROUND,
            st.builds(lambda make, seed: make(seed), st.sampled_from(list(SECRETS.values())), st.integers(0, 10**6)),
        ),
        max_size=6,
    ),
    st.sampled_from(["", " ", "\n", "/", "@"]),
)
def test_redacting_again_changes_nothing(parts: list[str], between: str) -> None:
    once = redact(between.join(parts))
    assert redact(once.text) == Redacted(once.text, 0)


HOSTILE = {
    "at signs": "@",
    "words": "a",
    "words and at signs": "a@",
    "dots": "a.",
    "addresses": "a@b.c",
    "digits": "1",
    "zeros": "0",
    "spaced digits": "12 ",
    "single digits": "1 ",
    "plus signs": "+1 ",
    "brackets": "(1",
    "amounts": "123 ",
    "commas": "1,234",
    "slashes": "://a:",
    "colons": "://:",
    "begins": "-----BEGIN A-----",
    "begins and bodies": "-----BEGIN A-----" + "A" * 20,
    "dashes": "-",
    "names": "password",
    "pairs": "password:",
    "weak pairs": "key:key:",
    "weak pairs of words": "key: key: ",
    "quotes": 'password:"',
    "parameters": "&token",
    "bearers": "bearer ",
    "jwt": "eyJaaaaaa.",
    "beginnings of jwt": "eyJ",
    "escaped at signs": "a%40",
    "keys": "sk-sk-",
    "iban": "DE89",
    "iban spaced": "DE 1 2 ",
    "base64": "aB1/",
    "uuid": "550e8400-",
    "hex": "0a",
    "marks": "[token]",
    "at words": " at a dot",
    "spelt": "a(at)a.",
    "wide": "１",
    "zero width": "1\u200b",
    "expanding": "\ufdfa",
    "spaces": " ",
    "said": "password is ",
    "options": "--password ",
    "calls": "tel. no ",
    "quoted": '"a"@',
}


def _seconds(piece: str, length: int) -> float:
    text = (piece * (length // len(piece) + 1))[:length]
    spent = []
    for _ in range(2):
        began = time.process_time()
        redact(text)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_the_length_alone(piece: str) -> None:
    # Four times the text takes four times the time; sixteen times would be quadratic.
    assert _seconds(piece, 20_000) / _seconds(piece, 5_000) < 9


def test_twice_of_everything_hostile_takes_twice_the_time() -> None:
    everything = "".join(piece * 50 for piece in HOSTILE.values())
    assert _seconds(everything, 100_000) / _seconds(everything, 50_000) < 3.2
