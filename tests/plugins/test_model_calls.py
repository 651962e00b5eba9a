"""Each call of a model leaves an entry, a person can see beforehand what would be sent, and only that is sent."""

import hashlib

import pytest

from taskflow.application import ports
from taskflow.application.advice import advise as advise_task
from taskflow.application.decisions import facts_of
from taskflow.application.model_calls import Caller, note_answer, note_failure
from taskflow.application.model_records import Record
from taskflow.domain.facts import TaskFacts
from taskflow.domain.prompts import Asked
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed
from taskflow.store.models import ModelCall, Task
from tests.conftest import Api, World
from tests.plugins.conftest import Instance
from tests.plugins.models import PROVIDER, Advise, enable, signal_of

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def installed(instance: Instance) -> None:
    instance.install("model", PROVIDER.replace("SLUG", "model"), raw=True)


def test_each_call_has_an_entry_without_the_text(root_api: Api, advise: Advise) -> None:
    enable(root_api, "model")
    suggestion = advise("Write to ann@example.org")
    entry = ModelCall.objects.get()
    assert (entry.provider, entry.model, entry.purpose, entry.failure) == ("model", "tiny", "suggest", "")
    assert (entry.leaves, entry.redactions, entry.cached) == (True, 1, False)
    assert str(entry.task_id) == suggestion["task"]
    assert len(entry.sha256) == 64
    assert entry.sent_bytes > 500
    assert entry.latency_ms > 0
    assert (entry.prompt_tokens, entry.completion_tokens) == (100, 9)
    assert entry.prompt_version == suggestion["prompt_version"]
    assert "ann@" not in str(ModelCall.objects.values())


def test_a_call_that_failed_has_one_with_its_kind_and_one_that_was_not_made_has_none(
    root_api: Api, advise: Advise
) -> None:
    enable(root_api, "model", answer="fail")
    advise("Buy milk", allowed=False)
    assert not ModelCall.objects.exists()
    advise("Buy milk")
    entry = ModelCall.objects.get()
    assert (entry.failure, entry.model, entry.prompt_tokens) == ("transient", "", None)
    assert entry.sent_bytes > 500
    # The next one failed with a model that was chosen.
    root_api("PUT", "prioritisation/provider", {"slug": "model", "model": "large"})
    advise("Buy bread")
    assert ModelCall.objects.order_by("-at")[0].model == "large"


def test_a_task_that_waited_its_turn_is_told_by_what_its_project_allows_then(
    root_api: Api, api: Api, world: World, advise: Advise
) -> None:
    enable(root_api, "model")
    asked = advise("Buy milk")
    task = Task.objects.select_related("project").get(pk=asked["task"])
    assert task.project.remote_models_allowed
    api.patch(f"projects/{world.home.pk}", {"remote_models_allowed": False})
    # As a batch has read it, before those ahead of it were answered.
    advice, _ = advise_task(task, facts_of([task.pk])[task.pk], (), person=None, record=Record(None))
    (signal,) = [signal for signal in advice.signals if signal.provider == "model"]
    assert signal.error is not None
    assert "remote_models_allowed" in signal.error
    assert ModelCall.objects.count() == 1


def test_an_entry_is_about_who_was_told_though_another_was_asked(
    root_api: Api, advise: Advise, runner: Runner, world: World
) -> None:
    enable(root_api, "model", trusted=True)
    (before,) = runner.plugins("llm_provider")
    assert not before.leaves
    enable(root_api, "model", trusted=False)
    models = ports.models()
    assert models is not None
    asked = Asked(facts=TaskFacts(title="Pay", created_at=ports.now()), now=ports.now())
    answer = models.suggest(asked, deadline=20, may_leave=True)
    note_answer(before, Caller(None, None), answer, latency_ms=1.0)
    enable(root_api, "model", trusted=False, answer="fail")
    with pytest.raises(CallFailed) as failed:
        models.suggest(asked, deadline=20, may_leave=True)
    note_failure(before, Caller(None, None), failed.value, latency_ms=1.0)
    assert [(call.provider, call.leaves) for call in ModelCall.objects.all()] == [("model", True)] * 2


def test_a_test_answers_with_the_model_that_was_chosen(root_api: Api) -> None:
    enable(root_api, "model", answer="I am ready.")
    assert root_api.post("plugins/model/check").json()["model"] == "tiny"
    root_api("PUT", "prioritisation/provider", {"slug": "model", "model": "large"})
    tried = root_api.post("plugins/model/check").json()
    assert (tried["ok"], tried["model"], tried["sample"]) == (True, "large", "I am ready.")
    assert tried["tokens_per_second"] > 0
    enable(root_api, "model", answer="slow to load")
    loaded = root_api.post("plugins/model/check").json()
    # Its nine tokens took no second: loading the model did.
    assert loaded["tokens_per_second"] > 20
    assert loaded["latency_ms"] < 500
    enable(root_api, "model", answer=" ")
    empty = root_api.post("plugins/model/check").json()
    assert (empty["ok"], empty["model"], empty["error"]) == (False, "large", "It answered without a word.")
    enable(root_api, "model", answer="fail")
    failed = root_api.post("plugins/model/check").json()
    assert (failed["ok"], failed["error"]) == (False, "the server is busy")


def test_the_preview_is_what_is_sent_word_for_word(root_api: Api, api: Api, world: World, advise: Advise) -> None:
    enable(root_api, "model")
    told = advise("Call +49 30 1234567 about the invoice")
    api.post(f"priority-suggestions/{told['id']}/override", {"priority": "high"})
    suggestion = advise("Write to ann@example.org")
    entry = ModelCall.objects.order_by("-at")[0]
    preview = api.get(f"tasks/{suggestion['task']}/priority-suggestions/preview").json()
    assert (preview["provider"], preview["leaves"], preview["sent"], preview["reason"]) == ("model", True, True, "")
    assert preview["redactions"] == entry.redactions == 2
    assert [request["method"] for request in preview["requests"]] == ["scores", "json"]
    request = preview["requests"][1]
    assert "[email]" in request["prompt"]
    assert "[phone]" in request["prompt"]
    assert "ann@" not in str(preview)
    # The minute may have changed in between; all else is the same.
    sent = f"{request['system']}\n{request['prompt']}".encode()
    assert len(sent) == entry.sent_bytes
    if hashlib.sha256(sent).hexdigest() != entry.sha256:
        again = advise("Write to ann@example.org")
        assert signal_of(again, "model")["error"] is None


def test_the_preview_says_why_nothing_would_be_sent(root_api: Api, api: Api, advise: Advise) -> None:
    task = advise("Buy milk", allowed=False)["task"]
    nothing = api.get(f"tasks/{task}/priority-suggestions/preview").json()
    assert (nothing["provider"], nothing["sent"], nothing["requests"]) == (None, False, [])
    enable(root_api, "model")
    refused = api.get(f"tasks/{task}/priority-suggestions/preview").json()
    assert (refused["sent"], "remote_models_allowed" in refused["reason"]) == (False, True)
    enable(root_api, "model", trusted=True)
    trusted = api.get(f"tasks/{task}/priority-suggestions/preview").json()
    assert (trusted["sent"], trusted["leaves"], trusted["redactions"]) == (True, False, 0)


def test_decisions_in_other_projects_are_never_told(root_api: Api, api: Api, world: World, advise: Advise) -> None:
    enable(root_api, "model", trusted=True)
    namesake = api.post("projects", {"name": world.home.name}).json()["id"]
    api.post("tasks", {"project": namesake, "title": "Canary elsewhere", "priority": "high"})
    api.post("tasks", {"project": str(world.home.pk), "title": "Canary here", "priority": "high"})
    task = advise("Buy milk")["task"]
    prompt = api.get(f"tasks/{task}/priority-suggestions/preview").json()["requests"][0]["prompt"]
    assert "Canary here" in prompt
    assert "Canary elsewhere" not in prompt


def test_titles_that_are_gone_are_never_told(root_api: Api, api: Api, world: World, advise: Advise) -> None:
    enable(root_api, "model", trusted=True)
    home = str(world.home.pk)
    elsewhere = api.post("projects", {"name": "Elsewhere"}).json()["id"]

    def decide(project: str, title: str) -> str:
        return str(api.post("tasks", {"project": project, "title": title, "priority": "high"}).json()["id"])

    renamed, moved, trashed = decide(home, "Old name"), decide(elsewhere, "Secret of elsewhere"), decide(home, "Gone")
    api.patch(f"tasks/{renamed}", {"title": "New name"})
    api.patch(f"tasks/{moved}", {"title": "Moved here"})
    assert api.post(f"tasks/{moved}/move", {"project": home}).status_code == 200
    api.delete(f"tasks/{trashed}")
    task = advise("Buy milk")["task"]
    prompt = api.get(f"tasks/{task}/priority-suggestions/preview").json()["requests"][0]["prompt"]
    assert [title in prompt for title in ("New name", "Moved here")] == [True, True]
    assert [title in prompt for title in ("Old name", "Secret of elsewhere", "Gone")] == [False, False, False]


def test_words_of_an_able_model_are_shown_as_its_own_and_add_nothing(root_api: Api, advise: Advise) -> None:
    answer = '{"priority": "high", "confidence": 0.7, "reason": "Rent is <b>due</b>.\\nPay."}'
    enable(root_api, "model", answer=answer, able=True)
    suggestion = advise("Pay the rent")
    (words,) = [reason for reason in suggestion["reasons"] if reason["code"] == "model_words"]
    assert words["text"] == "“Rent is b due /b . Pay.” (words of tiny, unchecked)"
    assert words["contribution"] == 0
    assert suggestion["reasons"][0]["code"] != "model_words"
    enable(root_api, "model", able=False)
    assert "model_words" not in str(advise("Pay the rent again"))
