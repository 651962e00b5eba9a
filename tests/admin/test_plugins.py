"""The plugins' cards: what they say, their buttons, and who sees them."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from taskflow.application import ports
from taskflow.application.plugin_runs import StoredFailures
from taskflow.plugin_host.state import Failure
from taskflow.store.models import Event, Plugin, PluginSetup, User
from tests.admin.conftest import Browser, messages_of
from tests.admin.plugin_pages import CARDS, CHANNEL, PLUGIN, PROVIDER, inputs_of, press, row, text_of, views_of
from tests.plugins.conftest import EVERY_FIELD, Instance

#: What they show is read and written by use cases that are tested on both databases.
pytestmark = pytest.mark.once

BROKEN = "raise ValueError('no licence <b>file</b>')"
MARKUP = "<script>alert(1)</script>"


def failed(slug: str, message: str = "the other side hung up", trace: str = "") -> None:
    """Files a failure of a plugin, as the process that runs it does."""
    StoredFailures().failed(Failure(slug, "complete", "transient", message, trace, "0" * 64))


def test_cards_say_what_is_installed_and_how_it_is(instance: Instance, admin: Browser) -> None:
    instance.install("model", PROVIDER)
    instance.install("broken", BROKEN)
    failed("model")
    failed("model")
    page = admin.open(CARDS)
    said = text_of(page)
    assert "Provider model disabled model Asks a model." in said
    assert "Kind model provider Network addresses that you name" in said
    assert "Distribution taskflow-model 1.0 Publisher Ann Enabled no Order 100" in said
    assert "Last error (complete, transient, 2 times, last " in said
    assert "the other side hung up" in said
    assert "load error" in said
    assert "no licence <b>file</b>" in said
    html = page.content.decode()
    assert "<b>file</b>" not in html
    assert '<a class="tf-link" href="https://example.org/model" rel="noopener noreferrer">' in html


def test_cards_stand_in_the_order_that_administrators_gave_them(instance: Instance, admin: Browser) -> None:
    for slug in ("a", "b", "c"):
        instance.install(slug)
    admin.open(CARDS)
    PluginSetup.objects.create(slug="c", order=1, updated_at=ports.now())
    assert list(views_of(admin.open(CARDS))) == ["c", "a", "b"]


def test_without_plugins_the_page_says_how_to_install_one(instance: Instance, admin: Browser) -> None:
    page = admin.open(CARDS)
    # The machine that tests may have plugins of its own.
    html = render_to_string("admin/plugins.html", page.context_data | {"views": []}, page.wsgi_request)
    assert "No plugin is installed" in html
    assert "taskflow plugins install" in html


def test_safe_mode_is_named_at_the_top(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    assert "TASKFLOW_SAFE_MODE is on: no plugin is looked into and none runs" not in text_of(admin.open(CARDS))
    instance.set(SAFE_MODE="on")
    assert "TASKFLOW_SAFE_MODE is on: no plugin is looked into and none runs" in text_of(admin.open(CARDS))
    assert "TASKFLOW_SAFE_MODE is on: no plugin is looked into and none runs" in text_of(
        admin.open(PLUGIN, row("good"))
    )


def test_a_button_enables_and_disables_in_the_name_of_who_pressed_it(
    instance: Instance, admin: Browser, root: User
) -> None:
    instance.install("good")
    admin.open(CARDS)
    answer = press(admin, "good", "enable")
    assert answer.redirect_chain == [("/admin/store/plugin/", 302)]
    assert messages_of(answer) == ["Good is enabled."]
    assert "Good active" in text_of(answer)
    assert Event.objects.get(type="taskflow.plugin.enabled").actor_id == root.pk
    answer = press(admin, "good", "disable")
    assert messages_of(answer) == ["Good is disabled."]
    assert PluginSetup.objects.get(slug="good").enabled is False


def test_enabling_a_plugin_that_lacks_settings_says_so(instance: Instance, admin: Browser) -> None:
    instance.install("full", EVERY_FIELD)
    admin.open(CARDS)
    answer = press(admin, "full", "enable")
    (message,) = messages_of(answer)
    assert message.startswith("Every field is enabled, and not ready: ")
    assert "server" in message
    assert "Every field needs config" in text_of(answer)


def test_a_broken_plugin_offers_a_second_try_and_nothing_that_needs_it_whole(
    instance: Instance, admin: Browser
) -> None:
    instance.install("broken", BROKEN)
    view = views_of(admin.open(CARDS))["broken"]
    assert [button.do for button in view.switches + view.other_buttons] == ["retry"]
    page = admin.open(PLUGIN, row("broken"))
    assert "It cannot be used" in text_of(page)
    assert "Traceback" in text_of(page)
    assert "order" not in inputs_of(page)
    assert "no licence" in messages_of(press(admin, "broken", "enable"))[0]
    (module,) = instance.folder.glob("taskflow_broken.py")
    assert "no licence" in messages_of(press(admin, "broken", "retry"))[0]
    instance.install("broken")
    assert module.read_text() != BROKEN
    assert messages_of(press(admin, "broken", "retry")) == ["Good was looked at again. It is disabled."]


def test_a_model_provider_is_chosen_marked_and_let_go(instance: Instance, admin: Browser) -> None:
    instance.install("one", PROVIDER)
    instance.install("two", PROVIDER)
    admin.open(CARDS)
    press(admin, "one", "enable")
    answer = press(admin, "two", "enable")
    assert "used for suggestions" not in text_of(answer)
    answer = press(admin, "two", "choose")
    assert messages_of(answer) == ["Suggestions ask Provider two from now on."]
    assert "Provider two active used for suggestions" in text_of(answer)
    answer = press(admin, "two", "disable")
    assert "Provider two disabled chosen for suggestions, not ready" in text_of(answer)
    assert "suggestions do without a model" in text_of(answer)
    answer = admin.client.post("/admin/store/plugin/", {"do": "release"}, follow=True)
    assert messages_of(answer) == ["Suggestions ask one, the only one that is ready."]
    assert "Provider one active used for suggestions" in text_of(answer)
    assert "without a model" not in text_of(answer)


def test_a_test_shows_its_result_on_the_card(instance: Instance, admin: Browser) -> None:
    instance.install("model", PROVIDER)
    instance.install("other", PROVIDER)
    admin.open(CARDS)
    answer = press(admin, "model", "test")
    assert answer.status_code == 200
    assert answer.context["trial"].ok is True
    said = text_of(answer)
    assert said.count("It works, ") == 1
    assert "Model small Sample a piece of an <i>answer</i>" in said
    assert "<i>answer</i>" not in answer.content.decode()


def test_an_unknown_button_or_plugin_is_refused_in_words(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    admin.open(CARDS)
    assert messages_of(press(admin, "good", "explode")) == ["do: This page has no such button."]
    answer = admin.client.post("/admin/store/plugin/", {"plugin": "nothing", "do": "enable"}, follow=True)
    assert messages_of(answer) == ["This plugin is not installed any more."]
    answer = admin.client.get("/admin/store/plugin/nothing/change/", follow=True)
    assert messages_of(answer) == ["This plugin is not installed any more."]


def test_managers_reach_no_page_and_no_button(instance: Instance, admin: Browser, manager: Browser) -> None:
    instance.install("good")
    admin.open(CARDS)
    assert manager.open(CARDS).status_code == 403
    assert manager.open(PLUGIN, row("good")).status_code == 403
    assert press(manager, "good", "enable").status_code == 403
    assert manager.send(PLUGIN, row("good"), order="1", enabled="on").status_code == 403
    assert "/admin/store/plugin/" not in manager.open("index").content.decode()
    assert not PluginSetup.objects.exists()


def test_buttons_and_form_need_the_token_that_only_our_pages_hold(
    instance: Instance, admin: Browser, root: User
) -> None:
    instance.install("good")
    admin.open(CARDS)
    client = Client(enforce_csrf_checks=True)
    client.force_login(root)
    address = f"/admin/store/plugin/{row('good')}/change/"
    assert client.post("/admin/store/plugin/", {"plugin": row("good"), "do": "enable"}).status_code == 403
    assert client.post(address, {"order": "1", "enabled": "on"}).status_code == 403
    assert not PluginSetup.objects.exists()


def test_plugins_are_not_added_or_deleted_here(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    admin.open(CARDS)
    assert admin.open("store_plugin_add").status_code == 403
    assert admin.send("store_plugin_delete", row("good"), post="yes").status_code == 403


def test_what_a_plugin_says_of_itself_is_text(instance: Instance, admin: Browser) -> None:
    code = CHANNEL.replace('name="Channel"', f'name="{MARKUP}", description="{MARKUP}"')
    instance.install("evil", code)
    admin.open(CARDS)
    failed("evil", MARKUP, f"Trace {MARKUP}")
    pages = [admin.open(CARDS), admin.open(PLUGIN, row("evil")), press(admin, "evil", "enable"), admin.open("index")]
    for page in pages:
        assert MARKUP not in page.content.decode()
    assert text_of(pages[0]).count(MARKUP) >= 3
    assert f"Trace {MARKUP}" in text_of(pages[1])


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "HTTP:x"])
def test_only_web_addresses_become_links(instance: Instance, admin: Browser, address: str) -> None:
    instance.install("model", PROVIDER)
    admin.open(CARDS)
    plugin = Plugin.objects.get(slug="model")
    plugin.manifest["homepage"] = address
    plugin.save()
    for page in (admin.open(CARDS), admin.open(PLUGIN, plugin.pk)):
        assert address not in page.content.decode()


def test_the_cards_ask_the_same_number_of_questions_however_many_plugins(instance: Instance, admin: Browser) -> None:
    def count() -> int:
        admin.open(CARDS)
        with CaptureQueriesContext(connection) as captured:
            assert admin.open(CARDS).status_code == 200
        return len(captured)

    instance.install("model", PROVIDER)
    few = count()
    for at in range(4):
        instance.install(f"model{at}", PROVIDER)
        failed(f"model{at}")
        PluginSetup.objects.create(slug=f"model{at}", enabled=True, updated_at=ports.now())
    assert count() == few <= 20


def test_the_overview_counts_plugins_and_those_in_need(instance: Instance, admin: Browser) -> None:
    instance.install("good")
    instance.install("broken", BROKEN)
    admin.open(CARDS)
    press(admin, "good", "enable")
    said = text_of(admin.open("index"))
    assert "1 active" in said
    assert "1 needs attention" in said
