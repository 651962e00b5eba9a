"""Twenty secrets are planted and everything is used; none is found in whatever is stored, logged, shown or answered."""

import html
import json
import re
import sqlite3
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest

from tests.plugin_host.distributions import make
from tests.plugins.live import PASSWORD, Live, heard

#: Characters that addresses, JSON, HTML and traces write in other ways.
PLANTED = [
    f"planted-{number:02}/+ü&\"'<\\>{'zyxwvutsrqponmlkjihg'[number]}q{number * 7919:05}zx" for number in range(20)
]
REST, CLI, ENV = PLANTED[:8], PLANTED[8:13], PLANTED[13:20]
FIELDS = [f"secret_{number:02}" for number in range(20)]
#: Of these the secret is the password of an address.
ADDRESSES = {3, 4, 10, 17}

LEAKY = """
import asyncio, base64, json, logging, os, sys, threading, urllib.parse, warnings
from pydantic import Field, SecretStr, field_validator, model_validator
from taskflow.plugin_api import *


class Config(PluginConfig):
FIELDS
    number: int = 1

    @model_validator(mode="after")
    def _check(self):
        if self.number == 13:
            raise ValueError("unlucky: " + " ".join(plain(self)))
        if self.number == 14:
            raise RuntimeError("very unlucky: " + " ".join(plain(self)))
        return self

    @field_validator("number", mode="after")
    @classmethod
    def _look(cls, value, info):
        if value == 15:
            raise ValueError(f"bad with {[each.get_secret_value() for each in info.data.values() if each]}")
        return value


manifest = Manifest(
    slug="leaky", name="Leaky", kinds=set(Kind), network=Network.CONFIGURED, config=Config
)


def plain(config):
    found = (getattr(config, name) for name in type(config).model_fields if name.startswith("secret_"))
    given = [each.get_secret_value() for each in found if each is not None]
    return given + [urllib.parse.unquote(p) for each in given if (p := passwords(each))]


def passwords(text):
    try:
        return urllib.parse.urlsplit(text).password
    except ValueError:
        return None


def everything(config):
    for each in plain(config):
        yield each
        yield urllib.parse.quote(each, safe="")
        yield urllib.parse.quote_plus(each)
        yield base64.b64encode(each.encode()).decode()
        yield base64.b64encode(b"user:" + each.encode()).decode()
        yield base64.urlsafe_b64encode(b"ab" + each.encode() + b"cd").decode()
        yield json.dumps({"key": each})
        yield repr(each)


class Leak:
    name = "leak"

    def __init__(self, ctx):
        self.ctx = ctx

    def leak(self, how):
        config = self.ctx.config
        local = list(everything(config))
        text = " ".join(local)
        match how:
            case "log":
                for each in local:
                    self.ctx.log.warning("key %s", each)
                    logging.getLogger("httpx").error("with %s", each)
                try:
                    raise KeyError(text)
                except KeyError:
                    self.ctx.log.exception("it failed with %r", config.secret_00.get_secret_value())
            case "print":
                for each in local:
                    print("x" * 395 + each, flush=True)
                    sys.stderr.write(each + "\\n")
                threading.Thread(target=lambda: 1 / 0 if local else 0, name=text).start()
            case "crash":
                self.leak("print")
                sys.stdout.flush()
                os._exit(3)
            case "raise":
                raise ZeroDivisionError(text)
            case "chain":
                try:
                    raise KeyError(text)
                except KeyError as error:
                    raise PermanentError(text[:900]) from error
            case "auth":
                raise AuthError("refused: " + text)
            case "transient":
                raise TransientError(text)
        return text

    def pieces(self):
        return list(everything(self.ctx.config))

    async def complete(self, request):
        how = request.prompt
        for known in ("log", "print", "crash", "raise", "chain", "auth", "transient"):
            if f"HOW-{known}" in how:
                self.leak(known)
        return Completion(text='{"priority": "high", "reason": ' + json.dumps(self.leak("")[:300]) + "}",
                          model=self.pieces()[8][:200])

    async def prioritise(self, request):
        title = request.task.title
        for known in ("log", "print", "crash", "raise", "chain", "auth", "transient"):
            if f"HOW-{known}" in title:
                self.leak(known)
        reasons = tuple(
            Reason(code="leak", text=each[:300], field="title") for each in self.pieces()[:10]
        )
        return Signal(
            probabilities={"low": 0, "medium": 0, "high": 0, "urgent": 1},
            reasons=reasons,
            model=self.pieces()[16][:200],
        )

    async def send(self, message, recipient):
        return Delivery(external_id=self.pieces()[0][:300], detail=self.pieces()[24][:300])

    async def check(self):
        ok = self.ctx.config.number % 2 == 0
        some = self.pieces()
        self.leak("log")
        return Health(ok=ok, error="" if ok else " ".join(some)[:1000], next_step=some[8][:500], model=some[16][:200],
                      sample=" ".join(some)[:1000])


@hookimpl
def taskflow_llm_providers(ctx):
    return [Leak(ctx)]


@hookimpl
def taskflow_prioritisers(ctx):
    held = Leak(ctx)
    held.name = ctx.config.secret_01.get_secret_value()[:80]
    return [held, Leak(ctx)]


@hookimpl
def taskflow_notification_channels(ctx):
    return [Leak(ctx)]
"""
WAYS = ("log", "print", "raise", "chain", "transient", "crash", "auth", "")


def given(number: int) -> str:
    """The setting that a secret is given as."""
    if number in ADDRESSES:
        return f"https://user:{quote(PLANTED[number], safe='')}@mail.example.org/path"
    return PLANTED[number]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    variables = {f"PLUGIN_LEAKY__{FIELDS[number].upper()}": given(number) for number in range(13, 20)}
    made = Live(tmp_path_factory.mktemp("leaky"), **variables, LOG_LEVEL="debug")
    fields = "\n".join(f"    {name}: SecretStr | None = None" for name in FIELDS)
    make(made.site, "leaky", LEAKY.replace("FIELDS", fields))
    try:
        yield made.start()
    finally:
        made.end()


@pytest.mark.thorough
def test_none_of_twenty_secrets_is_found_anywhere(live: Live) -> None:
    plant(live)
    use(live)
    pages = open_admin(live)
    haystacks = {
        "database": dump(live.data_dir),
        "log": live.instance.log,
        "answers": "\n".join(live.answers),
        "admin": "\n".join(pages),
    }
    for name, text in haystacks.items():
        assert len(text) > 1_000, name
        found = [(number, form) for number in range(20) for form in forms(PLANTED[number]) if form in text]
        shown = [(number, form, text[max(0, (at := text.index(form)) - 200) : at + 80]) for number, form in found[:3]]
        assert not found, f"{name}: {shown}"
    # It was there to be found: what stands in the secrets' place is.
    assert "[secret]" in haystacks["database"]
    assert "[secret]" in haystacks["log"]
    assert "[secret]" in haystacks["answers"]


def plant(live: Live) -> None:
    """Sets each over REST, on the command line or in the environment, and tries to set some wrongly."""
    live.call("GET", "plugins")
    wrong: list[dict[str, object]] = [
        {"number": 13},
        {"number": 14},
        {"number": 15},
        {"number": PLANTED[5]},
        {"secret_05": [PLANTED[5]]},
        {"secret_5": PLANTED[5]},
        {"secret_13": PLANTED[13]},
    ]
    config = {FIELDS[number]: given(number) for number in range(8)}
    for more in wrong:
        answer = live.ask("PATCH", "plugins/leaky", {"config": {**config, **more}})
        assert answer.status_code == 400, answer.text
    live.ask("PATCH", "plugins/leaky", content=json.dumps({"config": config}).encode()[:-3])
    live.ask("PATCH", "plugins/leaky", {"config": PLANTED[0]})
    live.enable("leaky", **config)
    lines = "".join(f"{given(number)}\n" for number in range(8, 13))
    done = live.command("plugins", "config", "leaky", *(f"{name}=-" for name in FIELDS[8:13]), stdin=lines)
    assert done.returncode == 0, done.stderr
    card = live.cards()["leaky"]
    assert (card["status"], {card["config"][name] for name in FIELDS}) == ("active", {"set"})


def use(live: Live) -> None:
    """Everything that an administrator and a person can do with it."""
    for number in (1, 2):
        live.enable("leaky", number=number)
        live.ask("POST", "plugins/leaky/check", {"send": True})
        live.ask("POST", "plugins/leaky/check")
    for how in WAYS:
        live.call("POST", "plugins/leaky/retry")
        found, _ = live.suggest(f"HOW-{how}")
        assert len(heard(found, "leaky")) >= 2, found["signals"]
    for path in ("plugins", "plugins/leaky", "plugins/leaky/schema", "plugins/leaky/errors", "prioritisation/provider"):
        live.ask("GET", path)
    assert len(live.call("GET", "plugins/leaky/errors")["results"]) > 3
    for command in (
        ("plugins", "show", "leaky"),
        ("plugins", "check", "leaky"),
        ("doctor", "--json"),
    ):
        live.command(*command)


def open_admin(live: Live) -> list[str]:
    """The plugins' pages, as a signed-in administrator sees them, before and after its test."""
    pages = []
    with httpx.Client(base_url=live.instance.url, follow_redirects=True, timeout=60) as browser:
        pages.append(browser.get("/admin/store/plugin/").text)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', pages[0])
        assert token is not None, "there is no form to sign in with"
        body = {"login": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/accounts/login/", data=body, headers={"Referer": live.instance.url})
        listed = browser.get("/admin/store/plugin/")
        assert "Leaky" in listed.text, (answer.status_code, answer.text[:500])
        address = re.search(r"/admin/store/plugin/[0-9a-f-]{36}/change/", listed.text)
        assert address is not None
        page = browser.get(address[0])
        pages += [listed.text, page.text]
        csrf = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert csrf is not None
        for do in ("test", "send"):
            body = {"do": do, "csrfmiddlewaretoken": csrf[1]}
            tried = browser.post(address[0], data=body, headers={"Referer": live.instance.url + address[0]})
            assert tried.status_code == 200
            pages.append(tried.text)
        pages.append(browser.get("/admin/").text)
    return pages


def dump(data_dir: Path) -> str:
    """Every table as statements, and the file as it is."""
    path = data_dir / "taskflow.sqlite3"
    database = sqlite3.connect(path)
    try:
        statements = "\n".join(database.iterdump())
    finally:
        database.close()
    raw = [found.read_bytes().decode("utf-8", "replace") for found in sorted(data_dir.glob("taskflow.sqlite3*"))]
    return "\n".join([statements, *raw])


def forms(secret: str) -> set[str]:
    """A secret as it might be written; of base64 what is the same whatever stands around it."""
    found = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    found |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    found |= {html.escape(each) for each in set(found)}
    found |= {json.dumps(each)[1:-1] for each in set(found)}
    for offset in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            found.add(encode(b"\0" * offset + secret.encode()).decode().rstrip("=")[4:-2])
    # Less than all of it is too much as well.
    return found | {secret[-6:], quote(secret, safe="")[:18]}
