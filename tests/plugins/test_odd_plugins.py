"""Plugins that their authors, and administrators who set them up, did oddly: the instance lists them and works on."""

from pathlib import Path
from typing import Any

import pytest

from taskflow.store.models import PluginSetup
from tests.conftest import Api
from tests.plugins.conftest import Instance
from tests.plugins.test_rest import listed

pytestmark = pytest.mark.django_db

HEAD = """
from __future__ import annotations
import os, sys, json, math, signal
from typing import Any
from pydantic import AnyHttpUrl, BaseModel, Field, SecretStr, model_validator
from taskflow.plugin_api import *


class Config(PluginConfig):
FIELDS


manifest = Manifest(
    slug="SLUG", name=NAME, description=ABOUT, kinds={Kind.PRIORITISER}, network=Network.NONE, config=Config
)


@hookimpl
def taskflow_prioritisers(ctx):
    return []
"""


def odd(fields: str = "    x: int = 1", name: str = "Odd", about: str = "") -> str:
    code = HEAD.replace("FIELDS", fields).replace("NAME", ascii(name)).replace("ABOUT", ascii(about))
    return code.replace("SLUG", "odd")


def card(instance: Instance, api: Api, code: str) -> dict[str, Any]:
    instance.install("odd", code, raw=True)
    instance.install("good")
    cards = listed(api)
    assert cards["good"]["status"] == "disabled"
    return cards["odd"]


ODD = {
    "its_error_has_half_a_surrogate_pair": ("raise ValueError('a\\ud800b\\0c')", "load_error", "a\ufffdb\ufffdc"),
    "it_has_nan_for_a_default": (odd("    x: float = math.nan"), "incompatible", "NaN"),
    "it_refers_to_itself": (odd("    x: Config | None = None"), "incompatible", "x:"),
    "its_fields_are_any": (odd("    x: Any = None"), "incompatible", "x:"),
    "its_schema_is_huge": (odd("    x: str = 'x' * 2_000_000"), "load_error", "1000 kB"),
    "a_real_time_signal_ends_it": ("import os; os.kill(os.getpid(), 40)", "load_error", "signal 40"),
    "it_answers_for_the_inspector": (
        "import os, sys, json\nos.write(int(sys.argv[1]), b'{\"manifest\": 5}'); os._exit(0)",
        "load_error",
        "an answer of its own",
    ),
    "it_answers_with_an_odd_schema": (
        "import os, sys, json\nos.write(int(sys.argv[1]), json.dumps({'manifest': {'slug': 'odd', 'name': 'x', "
        "'kinds': ['prioritiser'], 'network': 'none'}, 'schemas': {'config': {'properties': [1]}, 'user_config': 0}, "
        "'hooks': []}).encode()); os._exit(0)",
        "load_error",
        "an answer of its own",
    ),
    "it_answers_with_depth": (
        "import os, sys\nos.write(int(sys.argv[1]), b'[' * 200_000); os._exit(0)",
        "load_error",
        "exit code 0",
    ),
    "it_fills_the_disk": (
        "import sys\nwhile True: sys.stderr.write('x' * 100_000)",
        "load_error",
        "",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_one_that_cannot_be_described_is_named_beside_the_others(instance: Instance, root_api: Api, what: str) -> None:
    code, status, words = ODD[what]
    found = card(instance, root_api, code)
    assert (found["status"], words in found["reason"]) == (status, True), found["reason"]


def test_two_hundred_fields_and_every_alphabet_are_shown_as_they_are(instance: Instance, root_api: Api) -> None:
    fields = "\n".join(f"    f{n}: str = Field(default='ü{n}', title='Fühler \\U0001f600 {n}')" for n in range(200))
    name, about = "Имя 名前 \u202eabc", "<script>alert(1)</script> & \U0001f600"
    found = card(instance, root_api, odd(fields, name, about))
    assert (found["status"], found["name"], found["description"]) == ("disabled", name, about)
    assert len(found["config"]) == 200
    answer = root_api.patch("plugins/odd", {"enabled": True, "config": {f"f{n}": f"値{n}" for n in range(200)}})
    assert answer.json()["status"] == "active"


EVERY = """    text: str = ""
    key: SecretStr | None = None
    number: float = 0.5
    whole: int = 1
    words: list[str] = []
    server: AnyHttpUrl | None = None"""


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"text": {"a": {"b": [1]}}}', "config.text"),
        ('{"number": 1e999}', "config.number"),
        ('{"number": -1e999}', "config.number"),
        ('{"text": "a\\u0000b"}', "config.text"),
        ('{"text": "a\\ud800b"}', "config.text"),
        ('{"key": "a\\ud800b"}', "config.key"),
        ('{"key": "a\\u0000b"}', "config.key"),
        ('{"words": ["a", "\\ud800"]}', "config.words"),
        ('{"words": [["a"]]}', "config.words.0"),
        ('{"a\\ud800": 1}', "config.a\\ud800"),
        ('{"text": "' + "x" * 30_000 + '"}', "config.text"),
        ('{"key": "' + "x" * 10_000_000 + '"}', "config.key"),
        ('{"server": "http://user:password@example.org/"}', "config.server"),
        ('{"whole": 1' + "0" * 4_000 + "}", "config.whole"),
    ],
)
def test_settings_that_nothing_could_hold_are_refused_by_their_field(
    instance: Instance, root_api: Api, body: str, field: str
) -> None:
    card(instance, root_api, odd(EVERY))
    answer = root_api.client.patch("/api/v1/plugins/odd", f'{{"config": {body}}}', content_type="application/json")
    assert answer.status_code in {400, 413}, answer.content[:300]
    if answer.status_code == 400 and field != "config.words.0":
        assert [error["field"] for error in answer.json().get("errors", [])] in ([field], ["config"]), answer.json()
    assert not PluginSetup.objects.exists()
    assert root_api.get("plugins").status_code == 200


@pytest.mark.parametrize("body", ['{"config": NaN}', '{"config": {"number": NaN}}', '{"config": ' + "[" * 100_000])
def test_what_is_no_json_is_refused(instance: Instance, root_api: Api, body: str) -> None:
    card(instance, root_api, odd(EVERY))
    answer = root_api.client.patch("/api/v1/plugins/odd", body, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("order", [-1, 10_001, 10**30, 1.5, "1", None, True, [1]])
def test_an_order_beyond_its_bounds_is_refused(instance: Instance, root_api: Api, order: object) -> None:
    card(instance, root_api, odd())
    answer = root_api.patch("plugins/odd", {"order": order})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "order")


def test_an_address_with_a_password_in_a_variable_is_not_shown(instance: Instance, root_api: Api) -> None:
    instance.set(PLUGIN_ODD__SERVER="http://user:planted-password@example.org/")
    found = card(instance, root_api, odd(EVERY))
    assert found["config"]["server"] == "[secret]"


def test_a_check_of_the_settings_that_shows_a_secret_is_cleaned(instance: Instance, root_api: Api) -> None:
    check = EVERY + (
        "\n\n    @model_validator(mode='after')\n    def _check(self):\n"
        "        raise ValueError('refused: ' + self.key.get_secret_value())"
    )
    card(instance, root_api, odd(check))
    answer = root_api.patch("plugins/odd", {"config": {"key": "planted-secret-7"}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == "Value error, refused: [secret]"


BROKEN_METADATA: dict[str, bytes] = {
    "a_line_without_an_equals_sign": b"[taskflow.plugins.v1]\njust words\n",
    "a_value_that_is_no_module": b"[taskflow.plugins.v1]\nbad = not a module !\n",
    "an_empty_value": b"[taskflow.plugins.v1]\nbad =\n",
    "bytes_that_are_no_utf8": b"[taskflow.plugins.v1]\nbad = \xff\xfe\n",
    "no_section": b"bad = module\n",
    "nul": b"[taskflow.plugins.v1]\nb\0d = module\n",
}


@pytest.mark.parametrize("what", BROKEN_METADATA)
def test_broken_metadata_hide_nobody_else(instance: Instance, root_api: Api, what: str) -> None:
    write_metadata(instance.folder, BROKEN_METADATA[what])
    instance.install("good")
    instance.set(PLUGINS="good,bad")
    cards = root_api.get("plugins").json()["results"]
    assert "good" in {card["slug"] for card in cards}
    assert {card["status"] for card in cards if card["distribution"] == "bad"} <= {"incompatible", "disabled"}


def write_metadata(folder: Path, entry_points: bytes) -> None:
    metadata = folder / "bad-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_bytes(b"Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_bytes(entry_points)
    (metadata / "direct_url.json").write_text("[1, 2]")


def test_metadata_without_any_sense_hide_nobody_else(instance: Instance, root_api: Api) -> None:
    metadata = instance.folder / "worse-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_bytes(b"\xff\xfe\0\0")
    (metadata / "entry_points.txt").mkdir()
    (instance.folder / "empty-1.0.dist-info").mkdir()
    instance.install("good")
    assert "good" in listed(root_api)
