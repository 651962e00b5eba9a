"""Plugins over REST: listing, enabling, configuring, ordering."""

from typing import Any

import pytest

from taskflow.store.models import Event, PluginBoard, PluginSetup
from tests.conftest import Api
from tests.plugins.conftest import EVERY_FIELD, Instance

pytestmark = pytest.mark.django_db

GOOD_CONFIG = {"server": "http://127.0.0.1:9/", "api_key": "planted-secret-1"}


def listed(api: Api) -> dict[str, dict[str, Any]]:
    """The plugins that tests installed, by slug."""
    results = api.get("plugins").json()["results"]
    return {card["slug"]: card for card in results if "TASKFLOW_PLUGINS" not in card["reason"]}


def generation() -> int:
    board = PluginBoard.objects.first()
    return 0 if board is None else board.generation


def test_every_installed_plugin_is_listed_the_broken_ones_with_their_reason(instance: Instance, root_api: Api) -> None:
    instance.install("good")
    instance.install("raises", "raise ValueError('no licence file')")
    instance.install(
        "hookless",
        "from taskflow.plugin_api import *\nmanifest = Manifest(slug='hookless', name='x', "
        "kinds={{Kind.PRIORITISER}}, network=Network.NONE)",
    )
    cards = listed(root_api)
    assert {slug: card["status"] for slug, card in cards.items()} == {
        "good": "disabled",
        "hookless": "incompatible",
        "raises": "load_error",
    }
    assert "no licence file" in cards["raises"]["reason"]
    assert "no hook" in cards["hookless"]["reason"]
    good = cards["good"]
    assert (good["name"], good["version"], good["publisher"]) == ("Good", "1.0", "Ann")
    assert (good["kinds"], good["network"], good["enabled"]) == (["prioritiser"], "none", False)
    assert (good["config"], good["config_sources"]) == ({"level": 3}, {"level": "default"})


def test_enabling_takes_effect_and_is_logged_once(instance: Instance, root_api: Api) -> None:
    instance.install("good")
    listed(root_api)
    before = generation()
    answer = root_api.patch("plugins/good", {"enabled": True})
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    assert generation() == before + 1
    assert root_api.patch("plugins/good", {"enabled": True}).status_code == 200
    assert generation() == before + 1
    assert list(Event.objects.filter(type__startswith="taskflow.plugin").values_list("type", "data__slug")) == [
        ("taskflow.plugin.enabled", "good")
    ]
    assert root_api.patch("plugins/good", {"enabled": False}).json()["status"] == "disabled"


def test_a_plugin_that_does_not_load_cannot_be_enabled_and_says_why(instance: Instance, root_api: Api) -> None:
    instance.install("raises", "raise ValueError('no licence file')")
    listed(root_api)
    answer = root_api.patch("plugins/raises", {"enabled": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_usable")
    assert "no licence file" in answer.json()["detail"]


def test_an_enabled_plugin_without_its_settings_needs_them(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    listed(root_api)
    card = root_api.patch("plugins/full", {"enabled": True}).json()
    assert (card["enabled"], card["status"]) == (True, "needs_config")
    assert "server" in card["reason"]
    assert "api_key" in card["reason"]
    card = root_api.patch("plugins/full", {"config": GOOD_CONFIG}).json()
    assert (card["status"], card["reason"]) == ("active", "")


def test_settings_are_merged_and_secrets_only_written(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    listed(root_api)
    card = root_api.patch("plugins/full", {"config": {**GOOD_CONFIG, "words": ["a", "b"], "count": 5}}).json()
    assert card["config"] == {
        "server": "http://127.0.0.1:9/",
        "api_key": "set",
        "model": "small",
        "count": 5,
        "share": 0.5,
        "loud": False,
        "mode": "fast",
        "mood": "good",
        "words": ["a", "b"],
        "note": None,
    }
    assert card["config_sources"]["api_key"] == "stored"
    assert card["config_sources"]["mode"] == "default"
    card = root_api.patch("plugins/full", {"config": {"count": None}}).json()
    assert (card["config"]["count"], card["config"]["api_key"]) == (3, "set")
    card = root_api.patch("plugins/full", {"config": {"api_key": None}}).json()
    assert card["config"]["api_key"] is None
    setup = PluginSetup.objects.get(slug="full")
    assert "planted-secret-1" not in f"{setup.values}{setup.secrets}"


@pytest.mark.parametrize(
    ("config", "field", "code"),
    [
        ({"nothing": 1}, "config.nothing", "unknown_field"),
        ({"count": 10}, "config.count", "less_than_equal"),
        ({"count": "many"}, "config.count", "int_parsing"),
        ({"mode": "slower"}, "config.mode", "literal_error"),
        ({"server": "no address"}, "config.server", "url_parsing"),
        ({"api_key": 5}, "config.api_key", "invalid"),
        ({"api_key": "set"}, "config.api_key", "invalid"),
        ({"words": "a"}, "config.words", "list_type"),
    ],
)
def test_wrong_settings_name_their_field_and_change_nothing(
    instance: Instance, root_api: Api, config: dict[str, Any], field: str, code: str
) -> None:
    instance.install("full", EVERY_FIELD)
    listed(root_api)
    root_api.patch("plugins/full", {"config": GOOD_CONFIG})
    answer = root_api.patch("plugins/full", {"config": {"model": "other", **config}})
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert root_api.get("plugins/full").json()["config"]["model"] == "small"


def test_the_environment_comes_first_and_is_not_overwritten(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    instance.set(PLUGIN_FULL__MODEL="from-outside", PLUGIN_FULL__WORDS="x, y")
    listed(root_api)
    answer = root_api.patch("plugins/full", {"config": {"model": "mine"}})
    assert answer.json()["errors"][0] == {
        "field": "config.model",
        "code": "set_by_environment",
        "detail": "A variable of the environment sets it. Change it there.",
    }
    card = root_api.get("plugins/full").json()
    assert (card["config"]["model"], card["config"]["words"]) == ("from-outside", ["x", "y"])
    assert card["config_sources"]["model"] == "environment"


def test_variables_for_all_required_fields_enable_a_plugin_that_nobody_decided_on(
    instance: Instance, root_api: Api
) -> None:
    instance.install("full", EVERY_FIELD)
    instance.set(PLUGIN_FULL__SERVER="http://127.0.0.1:9/")
    assert listed(root_api)["full"]["enabled"] is False
    instance.set(PLUGIN_FULL__API_KEY="planted-secret-2")
    assert listed(root_api)["full"]["status"] == "active"
    root_api.patch("plugins/full", {"enabled": False})
    assert listed(root_api)["full"]["status"] == "disabled"


def test_a_variable_of_an_unknown_or_wrong_value_is_named(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    root_api.patch("plugins/full", {"enabled": True, "config": GOOD_CONFIG})
    instance.set(PLUGIN_FULL__COUNT="many", PLUGIN_FULL__MODLE="x")
    card = listed(root_api)["full"]
    assert card["status"] == "needs_config"
    assert "count: It takes a whole number." in card["reason"]
    assert "TASKFLOW_PLUGIN_FULL__MODLE" in card["reason"]


def test_safe_mode_looks_into_nothing(instance: Instance, root_api: Api) -> None:
    instance.install("marks", f"open({str(instance.folder / 'seen')!r}, 'w').close()")
    instance.set(SAFE_MODE="on")
    card = root_api.get("plugins/marks").json()
    assert card["status"] == "disabled"
    assert "TASKFLOW_SAFE_MODE" in card["reason"]
    assert not (instance.folder / "seen").exists()


def test_a_version_that_the_allow_list_does_not_name_is_left_alone(instance: Instance, root_api: Api) -> None:
    instance.install("good")
    instance.set(PLUGINS="good==2.0")
    card = root_api.get("plugins/good").json()
    assert (card["status"], card["reason"]) == (
        "disabled",
        "TASKFLOW_PLUGINS wants version 2.0; 1.0 is installed.",
    )
    instance.set(PLUGINS="good==1.0")
    assert root_api.patch("plugins/good", {"enabled": True}).json()["status"] == "active"


def test_if_match_keeps_two_administrators_apart(instance: Instance, root_api: Api) -> None:
    instance.install("good")
    listed(root_api)
    first = root_api.patch("plugins/good", {"enabled": True})
    second = root_api.patch("plugins/good", {"order": 5})
    assert second.headers["ETag"] != first.headers["ETag"]
    stale = root_api.patch("plugins/good", {"order": 7}, **{"If-Match": first.headers["ETag"]})
    assert stale.status_code == 412
    assert root_api.get("plugins/good").json()["order"] == 5


def test_the_first_change_of_a_plugin_makes_what_was_read_before_stale(instance: Instance, root_api: Api) -> None:
    instance.install("good")
    seen = root_api.get("plugins/good").headers["ETag"]
    assert root_api.patch("plugins/good", {"order": 5}, **{"If-Match": seen}).status_code == 200
    assert root_api.patch("plugins/good", {"order": 7}, **{"If-Match": seen}).status_code == 412
    assert root_api.get("plugins/good").json()["order"] == 5


def test_plugins_are_listed_in_their_order(instance: Instance, root_api: Api) -> None:
    for slug in ("a", "b", "c"):
        instance.install(slug)
    listed(root_api)
    root_api.patch("plugins/c", {"order": 1})
    root_api.patch("plugins/a", {"order": 200})
    assert list(listed(root_api)) == ["c", "b", "a"]


def test_the_schema_says_what_settings_there_are(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    schema = root_api.get("plugins/full/schema").json()
    assert schema["config"]["properties"]["count"]["maximum"] == 9
    assert schema["config"]["properties"]["api_key"]["writeOnly"] is True
    assert schema["user_config"] is None


def test_an_undecryptable_secret_needs_config_and_the_list_still_opens(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    listed(root_api)
    root_api.patch("plugins/full", {"enabled": True, "config": GOOD_CONFIG})
    PluginSetup.objects.filter(slug="full").update(secrets={"api_key": "damaged"})
    card = listed(root_api)["full"]
    assert card["status"] == "needs_config"
    assert "api_key: The stored secret cannot be decrypted" in card["reason"]
    assert root_api.patch("plugins/full", {"config": {"api_key": "planted-secret-3"}}).json()["status"] == "active"


def test_a_secret_copied_to_another_plugin_does_not_decrypt_there(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    instance.install("other", EVERY_FIELD)
    listed(root_api)
    for slug in ("full", "other"):
        root_api.patch(f"plugins/{slug}", {"enabled": True, "config": GOOD_CONFIG})
    PluginSetup.objects.filter(slug="other").update(secrets=PluginSetup.objects.get(slug="full").secrets)
    assert listed(root_api)["other"]["status"] == "needs_config"


def test_only_site_administrators_see_plugins(instance: Instance, api: Api) -> None:
    assert api.get("plugins").status_code == 403


def test_an_unknown_plugin_is_not_found(instance: Instance, root_api: Api) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("GET", "/schema"), ("GET", "/errors"), ("POST", "/check")):
        assert root_api(method, f"plugins/nothing{path}", {}).status_code == 404


def test_a_wanted_plugin_that_was_uninstalled_is_missing_until_it_is_disabled(
    instance: Instance, root_api: Api
) -> None:
    instance.install("good")
    root_api.patch("plugins/good", {"enabled": True})
    for path in list(instance.folder.glob("taskflow_good*")):
        path.rename(instance.folder.parent / path.name)
    assert listed(root_api)["good"]["status"] == "missing"
    assert root_api.post("plugins/good/check", {}).status_code == 409
    assert root_api.patch("plugins/good", {"enabled": False}).status_code == 200
    assert "good" not in listed(root_api)


def test_a_default_that_holds_a_password_is_for_secret_fields_only(instance: Instance, root_api: Api) -> None:
    code = EVERY_FIELD.replace(
        'model: str = "small"', 'model: str = Field(json_schema_extra={{"default_from": "EMAIL_URL"}})'
    )
    instance.install("nosy", code)
    card = listed(root_api)["nosy"]
    assert (card["status"], "only a SecretStr" in card["reason"]) == ("incompatible", True)


def test_another_distribution_that_claims_a_slug_does_not_get_its_secrets(instance: Instance, root_api: Api) -> None:
    instance.install("full", EVERY_FIELD)
    root_api.patch("plugins/full", {"enabled": True, "config": GOOD_CONFIG})
    for path in list(instance.folder.glob("taskflow_full*")):
        path.rename(instance.folder.parent / path.name)
    instance.install("full", EVERY_FIELD, distribution="somebody-elses")
    card = listed(root_api)["full"]
    assert (card["distribution"], card["status"]) == ("somebody-elses", "needs_config")
    assert card["config"]["api_key"] is None
    assert "api_key: The stored secret cannot be decrypted" in card["reason"]
    answer = root_api.patch("plugins/full", {"config": {"api_key": "planted-secret-7"}})
    assert answer.json()["status"] == "active"
