"""A plugin's own page: the form made of its settings, its test and its failures."""

import re
from datetime import timedelta

import pytest

from taskflow.application import ports
from taskflow.application.plugin_runs import StoredFailures
from taskflow.plugin_host.state import Failure
from taskflow.store.models import PluginFailure, PluginSetup
from tests.admin.conftest import Browser, messages_of
from tests.admin.plugin_pages import CARDS, CHANNEL, OPEN_FIELDS, PLUGIN, PROVIDER, inputs_of, press, row, save, text_of
from tests.plugins.conftest import EVERY_FIELD, Instance

#: What they show is read and written by use cases that are tested on both databases.
pytestmark = pytest.mark.once

MARKUP = "<script>alert(1)</script>"
GIVEN = {"config__server": "http://127.0.0.1:9/", "config__api_key": "planted-secret-1"}


@pytest.fixture
def full(instance: Instance, admin: Browser) -> str:
    """The id of an installed plugin with a field of each kind."""
    instance.install("full", EVERY_FIELD)
    admin.open(CARDS)
    return row("full")


def stored() -> PluginSetup:
    return PluginSetup.objects.get(slug="full")


def test_each_kind_of_field_has_its_input(admin: Browser, full: str) -> None:
    page = admin.open(PLUGIN, full)
    inputs = inputs_of(page)
    assert 'type="url"' in inputs["config.server"]
    assert 'type="password"' in inputs["config.api_key"]
    assert 'placeholder="not set"' in inputs["config.api_key"]
    assert 'type="text"' in inputs["config.model"]
    assert 'value="small"' in inputs["config.model"]
    assert re.search(r'type="number" .*min="1".*max="9"', inputs["config.count"])
    assert 'step="any"' in inputs["config.share"]
    assert 'type="checkbox"' in inputs["config.loud"]
    assert inputs["config.mode"].startswith("<select")
    assert inputs["config.mood"].startswith("<select")
    assert inputs["config.words"].startswith("<textarea")
    assert "forget.api_key" not in inputs
    said = text_of(page)
    assert "Server required not set" in said
    assert "Where it is" in said
    assert "From 1; up to 9; default: 3" in said


def test_each_kind_of_field_is_saved_and_shown_again(admin: Browser, full: str) -> None:
    answer = save(
        admin,
        "full",
        **GIVEN,
        config__model="large",
        config__count="5",
        config__share="0.25",
        config__loud="on",
        config__mode="slow",
        config__mood="bad",
        config__words="one, with a comma\n\n two \n",
        config__note="remember",
        order="7",
        enabled="on",
    )
    assert answer.redirect_chain == [(f"/admin/store/plugin/{full}/change/", 302)]
    assert messages_of(answer) == ["Saved. Every field is enabled."]
    setup = stored()
    assert (setup.order, setup.enabled) == (7, True)
    assert setup.values == {
        "server": "http://127.0.0.1:9/",
        "model": "large",
        "count": 5,
        "share": 0.25,
        "loud": True,
        "mode": "slow",
        "mood": "bad",
        "words": ["one, with a comma", "two"],
        "note": "remember",
    }
    inputs = inputs_of(answer)
    assert 'value="large"' in inputs["config.model"]
    assert 'value="5"' in inputs["config.count"]
    assert "checked" in inputs["config.loud"]
    assert 'placeholder="set - leave empty to keep"' in inputs["config.api_key"]
    assert "one, with a comma\ntwo</textarea>" in answer.content.decode()
    assert "Model stored" in text_of(answer)
    unchanged = save(admin, "full")
    assert messages_of(unchanged) == ["Nothing was changed."]
    assert stored().version == setup.version


def test_a_field_that_may_be_left_open_can_be_and_closed_again(instance: Instance, admin: Browser) -> None:
    instance.install("open", OPEN_FIELDS)
    admin.open(CARDS)
    inputs = inputs_of(admin.open(PLUGIN, row("open")))
    assert 'type="email"' in inputs["config.sender"]
    assert inputs["config.strict"].startswith("<select")
    save(admin, "open", config__strict="off", config__maybe="on", config__level="b")
    assert PluginSetup.objects.get(slug="open").values == {"strict": False, "maybe": True, "level": "b"}
    save(admin, "open", config__maybe="", config__level="")
    assert PluginSetup.objects.get(slug="open").values == {"strict": False}


def test_what_a_field_says_of_itself_is_text(instance: Instance, admin: Browser) -> None:
    instance.install("open", OPEN_FIELDS)
    admin.open(CARDS)
    pages = [admin.open(PLUGIN, row("open")), save(admin, "open", config__text=f"{MARKUP} again", order="-1")]
    for page in pages:
        assert MARKUP not in page.content.decode()
        assert text_of(page).count(MARKUP) >= 4


def test_only_what_was_changed_is_stored(admin: Browser, full: str) -> None:
    save(admin, "full", config__count="5")
    assert stored().values == {"count": 5}


def test_emptied_fields_go_back_to_their_defaults(admin: Browser, full: str) -> None:
    save(admin, "full", **GIVEN, config__model="large", config__count="5", config__note="x", config__words="a")
    answer = save(admin, "full", config__model="", config__count="", config__note="", config__words="")
    assert stored().values == {"server": "http://127.0.0.1:9/", "words": []}
    assert 'value="small"' in inputs_of(answer)["config.model"]


def test_errors_stand_at_their_fields_and_nothing_typed_is_lost_but_secrets(admin: Browser, full: str) -> None:
    answer = save(
        admin,
        "full",
        config__server="no address",
        config__api_key="planted-secret-2",
        config__count="10",
        config__words="a\nb",
        enabled="on",
    )
    form = answer.context["form"]
    assert set(form.errors) == {"config.server", "config.count"}
    assert not PluginSetup.objects.filter(slug="full").exists()
    inputs = inputs_of(answer)
    assert 'value="no address"' in inputs["config.server"]
    assert 'value="10"' in inputs["config.count"]
    assert "checked" in inputs["enabled"]
    html = answer.content.decode()
    assert "a\nb</textarea>" in html
    assert "planted-secret-2" not in html
    assert "It was not kept: type it again" in html


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.count", "many"),
        ("config.count", "1" * 30),
        ("config.share", "nan"),
        ("config.mode", "slower"),
        ("order", "-1"),
        ("order", ""),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_at_its_field(admin: Browser, full: str, name: str, text: str) -> None:
    answer = save(admin, "full", **{name: text})
    assert list(answer.context["form"].errors) == [name]
    assert not PluginSetup.objects.filter(slug="full").exists()


def test_a_secret_is_kept_replaced_and_forgotten(admin: Browser, full: str) -> None:
    save(admin, "full", **GIVEN)
    first = stored().secrets["api_key"]
    save(admin, "full", config__model="large")
    assert stored().secrets["api_key"] == first
    save(admin, "full", config__api_key="planted-secret-3", forget__api_key="on")
    assert stored().secrets["api_key"] != first
    answer = save(admin, "full", forget__api_key="on")
    assert stored().secrets == {}
    assert 'placeholder="not set"' in inputs_of(answer)["config.api_key"]


def test_no_page_holds_a_secret(instance: Instance, admin: Browser, full: str) -> None:
    instance.install("model", PROVIDER)
    instance.set(PLUGIN_MODEL__API_KEY="planted-from-outside", PLUGIN_MODEL__MODEL="leak")
    pages = [
        save(admin, "full", **GIVEN, enabled="on"),
        save(admin, "full", config__api_key="planted-secret-4", config__count="99"),
        admin.open(PLUGIN, full),
        admin.open(CARDS),
        press(admin, "full", "test"),
        tried := press(admin, "model", "test"),
        admin.open(PLUGIN, row("model")),
        admin.client.post(f"/admin/store/plugin/{full}/change/", {"do": "test"}),
        admin.open("store_event_changelist"),
        admin.open("index"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "planted" not in page.content.decode()
    assert "Error refused the key" in text_of(tried)
    assert "planted" not in f"{stored().values}{stored().secrets}"


def test_what_the_environment_sets_is_shown_and_cannot_be_changed(
    instance: Instance, admin: Browser, full: str
) -> None:
    instance.set(
        PLUGIN_FULL__MODEL="from-outside",
        PLUGIN_FULL__COUNT="4",
        PLUGIN_FULL__LOUD="on",
        PLUGIN_FULL__API_KEY="planted-secret-5",
        PLUGIN_FULL__WORDS="x, y",
    )
    page = admin.open(PLUGIN, full)
    inputs = inputs_of(page)
    for name in ("model", "count", "loud", "api_key", "words"):
        assert "disabled" in inputs[f"config.{name}"], name
    assert 'value="from-outside"' in inputs["config.model"]
    assert 'placeholder="set by the environment"' in inputs["config.api_key"]
    assert "Model environment" in text_of(page)
    assert "TASKFLOW_PLUGIN_FULL__MODEL sets it; change it there." in text_of(page)
    save(admin, "full", config__model="forged", config__api_key="forged", config__note="mine")
    assert (stored().values, stored().secrets) == ({"note": "mine"}, {})


def test_a_stale_form_comes_back_with_what_was_typed_and_what_is_in_force(admin: Browser, full: str) -> None:
    typed = {"seen_version": "0", "order": "100", "config.model": "mine", "config.count": "3", "config.share": "0.5"}
    save(admin, "full", config__model="theirs", config__note="their note")
    address = f"/admin/store/plugin/{full}/change/"
    answer = admin.client.post(address, typed)
    said = text_of(answer)
    assert "Somebody changed this plugin since you opened the page." in said
    assert "In force now: theirs" in said
    assert "In force now: their note" in said
    assert 'value="mine"' in inputs_of(answer)["config.model"]
    assert stored().values["model"] == "theirs"
    again = inputs_of(answer)["seen_version"]
    assert 'value="1"' in again
    assert admin.client.post(address, {**typed, "seen_version": "1", "config.note": "their note"}).status_code == 302
    assert stored().values["model"] == "mine"


def test_an_undecryptable_secret_is_named_and_can_be_entered_again(admin: Browser, full: str) -> None:
    save(admin, "full", **GIVEN, enabled="on")
    PluginSetup.objects.filter(slug="full").update(secrets={"api_key": "damaged"})
    page = admin.open(PLUGIN, full)
    assert "The stored secret cannot be decrypted. Enter it again, or restore the key ring." in text_of(page)
    assert 'placeholder="cannot be decrypted - enter it again"' in inputs_of(page)["config.api_key"]
    assert "needs config" in text_of(admin.open(CARDS))
    answer = save(admin, "full", config__api_key="planted-secret-6")
    assert messages_of(answer) == ["Saved. Every field is enabled."]


def test_a_test_shows_what_it_found_on_the_same_page(instance: Instance, admin: Browser) -> None:
    instance.install("model", PROVIDER)
    admin.open(CARDS)
    address = f"/admin/store/plugin/{row('model')}/change/"
    said = text_of(admin.client.post(address, {"do": "test"}))
    assert re.search(r"It works, [\d.]+ ms", said)
    assert "Model small Sample a piece of an <i>answer</i>" in said
    save(admin, "model", config__model="none")
    answer = admin.client.post(address, {"do": "test"})
    said = text_of(answer)
    assert "It does not work" in said
    assert "Error 404 no model <b>none</b> Next step Name a model that is there." in said
    assert "<b>none</b>" not in answer.content.decode()
    assert "Test and send me a message" not in said


def test_a_channel_also_sends_a_message_to_who_asks(instance: Instance, admin: Browser) -> None:
    instance.install("channel", CHANNEL)
    admin.open(CARDS)
    address = f"/admin/store/plugin/{row('channel')}/change/"
    assert "Test and send me a message" in text_of(admin.open(PLUGIN, row("channel")))
    assert "taken for root" in text_of(admin.client.post(address, {"do": "send"}))
    assert "taken for" not in text_of(admin.client.post(address, {"do": "test"}))


def test_a_plugin_without_settings_is_enabled_and_ordered_on_its_page(instance: Instance, admin: Browser) -> None:
    instance.install("channel", CHANNEL)
    admin.open(CARDS)
    assert "It has no settings of its own." in text_of(admin.open(PLUGIN, row("channel")))
    assert messages_of(save(admin, "channel", enabled="on", order="3")) == ["Saved. Channel is enabled."]


def test_failures_are_listed_with_their_traces(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    admin.open(CARDS)
    sink = StoredFailures()
    for _ in range(3):
        sink.failed(Failure("good", "prioritise", "bug", "It fell over.", "Traceback: here", "1" * 64))
    sink.failed(Failure("good", "load", "timeout", "It took too long.", "", "2" * 64))
    PluginFailure.objects.filter(kind="timeout").update(last_at=ports.now() - timedelta(days=1))
    page = admin.open(PLUGIN, row("good"))
    said = text_of(page)
    assert "prioritise : bug, 3 times, first" in said
    assert said.index("It fell over.") < said.index("It took too long.")
    assert page.content.decode().count("<summary>Trace</summary>") == 1


def test_a_plugin_that_was_uninstalled_says_so_and_can_be_disabled(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    admin.open(CARDS)
    press(admin, "good", "enable")
    for path in instance.folder.glob("taskflow_good-1.0.dist-info/*"):
        path.unlink()
    (instance.folder / "taskflow_good-1.0.dist-info").rmdir()
    page = admin.open(PLUGIN, row("good"))
    assert "taskflow-good was uninstalled. Install it again, or disable the plugin." in text_of(page)
    assert "order" not in inputs_of(page)
    assert messages_of(press(admin, "good", "disable")) == ["Good is disabled."]
