"""Suggestions with plugins: they have a say where the project allows it, and never keep anybody from an answer."""

import pytest

from taskflow.store.models import PluginFailure, PluginPause
from tests.conftest import Api
from tests.plugins.conftest import Instance
from tests.plugins.models import PROVIDER, Advise, enable, signal_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PRIORITISER = """
from taskflow.plugin_api import *

manifest = Manifest(slug="SLUG", name="Words", kinds={Kind.PRIORITISER}, network=Network.NONE)


class Words:
    name = "words"

    async def prioritise(self, request):
        if "invoice" not in request.task.title:
            return None
        reasons = (
            Reason(code="invoice", text="mentions an invoice", field="title"),
            Reason(code="mood", text="feels right", field="mood"),
        )
        return Signal(probabilities={"low": 0.0, "medium": 0.0, "high": 0.2, "urgent": 0.8}, reasons=reasons)


@hookimpl
def taskflow_prioritisers(ctx):
    return [Words()]
"""


def test_a_model_has_a_say_and_says_so(instance: Instance, root_api: Api, advise: Advise) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    enable(root_api, "model")
    suggestion = advise("Call the plumber")
    signal = signal_of(suggestion, "model")
    assert (signal["source"], signal["model"], signal["error"]) == ("model", "tiny", None)
    assert signal["raw"]["urgent"] == 0.9
    # Nobody vouches for it and it has no record: it is not heard before the first decision.
    without = signal_of(suggestion, "builtin")["probabilities"]["urgent"]
    assert signal["probabilities"]["urgent"] == without
    assert 0 < signal["weight"] < 0.5
    assert (suggestion["source"], suggestion["prompt_version"]) == ("blend", "4")
    assert sum(suggestion["probabilities"].values()) == pytest.approx(1)


def test_a_model_is_not_asked_where_the_project_does_not_allow_it_unless_it_is_trusted(
    instance: Instance, root_api: Api, advise: Advise
) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    enable(root_api, "model")
    suggestion = advise("Call the plumber", allowed=False)
    assert "remote_models_allowed" in signal_of(suggestion, "model")["error"]
    assert suggestion["source"] == "rules"
    enable(root_api, "model", trusted=True)
    assert signal_of(advise("Call the plumber", allowed=False), "model")["error"] is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("fail", "the server is busy"),
        ("I think it is urgent", "without a JSON object"),
        ('{"priority": "none"}', "does not fit"),
        ('{"priority": "<script>"}', "does not fit"),
    ],
)
def test_a_model_that_fails_or_answers_something_else_is_left_out_and_named(
    instance: Instance, root_api: Api, advise: Advise, answer: str, words: str
) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    enable(root_api, "model", answer=answer)
    suggestion = advise("Call the plumber")
    assert words in signal_of(suggestion, "model")["error"]
    assert "<script>" not in str(suggestion)
    assert (suggestion["state"], suggestion["source"]) == ("pending", "rules")


def test_a_prioritisers_opinion_counts_with_reasons_about_the_task(
    instance: Instance, root_api: Api, advise: Advise
) -> None:
    instance.install("words", PRIORITISER.replace("SLUG", "words"), raw=True)
    enable(root_api, "words")
    suggestion = advise("Pay the invoice", allowed=False)
    assert signal_of(suggestion, "words")["raw"]["urgent"] == 0.8
    codes = [reason["code"] for reason in suggestion["reasons"]]
    assert "invoice" in codes
    assert "mood" not in codes
    # Without an opinion it is not heard of.
    assert "words" not in [signal["provider"] for signal in advise("Buy milk")["signals"]]


def test_what_a_prioritiser_may_carry_away_is_redacted(instance: Instance, root_api: Api, advise: Advise) -> None:
    telling = PRIORITISER.replace("Network.NONE", "Network.INTERNET").replace(
        "mentions an invoice", '" + request.task.title + "'
    )
    instance.install("words", telling.replace("SLUG", "words"), raw=True)
    enable(root_api, "words")
    suggestion = advise("Pay the invoice of ann@example.org")
    (told,) = [reason["text"] for reason in suggestion["reasons"] if reason["code"] == "invoice"]
    assert told == "Pay the invoice of [email]"


def test_of_two_models_the_chosen_one_is_asked_and_a_choice_acts_at_once(
    instance: Instance, root_api: Api, advise: Advise
) -> None:
    for slug in ("first", "second"):
        instance.install(slug, PROVIDER.replace("SLUG", slug), raw=True)
        enable(root_api, slug)
    assert root_api.get("prioritisation/provider").json() == {
        "slug": None,
        "model": None,
        "chosen": False,
        "ready": ["first", "second"],
    }
    assert [signal["provider"] for signal in advise("Buy milk")["signals"]] == ["builtin", "builtin"]
    chosen = root_api("PUT", "prioritisation/provider", {"slug": "second", "model": "large"})
    assert (chosen.status_code, chosen.json()["chosen"]) == (200, True)
    assert signal_of(advise("Buy milk"), "second")["model"] == "large"
    root_api.patch("plugins/second", {"enabled": False})
    assert [signal["provider"] for signal in advise("Buy milk")["signals"]] == ["builtin", "builtin"]
    root_api("PUT", "prioritisation/provider", {"slug": None})
    assert signal_of(advise("Buy milk"), "first")["model"] == "tiny"
    unknown = root_api("PUT", "prioritisation/provider", {"slug": "third"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "slug")


def test_failures_are_counted_by_their_cause_and_five_in_a_row_give_it_a_rest(
    instance: Instance, root_api: Api, advise: Advise
) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    enable(root_api, "model", answer="fail")
    for _ in range(6):
        last = advise("Buy milk")
    assert "failed too often" in signal_of(last, "model")["error"]
    (failure,) = PluginFailure.objects.all()
    assert (failure.slug, failure.capability, failure.kind, failure.count) == ("model", "complete", "transient", 5)
    card = root_api.get("plugins/model").json()
    assert (card["status"], card["last_error"]["count"]) == ("degraded", 5)
    assert "the server is busy" in card["reason"]
    assert root_api.get("plugins/model/errors").json()["results"][0]["message"] == "the server is busy"
    # Other settings, or a retry, and it is asked at once.
    enable(root_api, "model", answer='{"priority": "high"}')
    assert signal_of(advise("Buy milk"), "model")["error"] is None
    assert not PluginPause.objects.exists()


def test_refused_credentials_are_not_tried_again_until_the_settings_change(
    instance: Instance, root_api: Api, advise: Advise
) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    enable(root_api, "model", answer="refuse")
    assert signal_of(advise("Buy milk"), "model")["error"] == "the key is unknown"
    assert "until its settings change" in signal_of(advise("Buy milk"), "model")["error"]
    card = root_api.get("plugins/model").json()
    assert (card["status"], "once its settings change" in card["reason"]) == ("degraded", True)
    enable(root_api, "model", answer='{"priority": "high"}')
    assert signal_of(advise("Buy milk"), "model")["error"] is None


def test_a_test_tries_a_plugin_before_it_is_enabled(instance: Instance, root_api: Api) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)
    root_api.get("plugins")
    trial = root_api.post("plugins/model/check").json()
    assert (trial["ok"], trial["error"]) == (True, "")
    assert trial["latency_ms"] < 2000
    refused = root_api.post("plugins/model/check", {"send": True})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "no_channel")
