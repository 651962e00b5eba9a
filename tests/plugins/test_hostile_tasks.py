"""Tasks that give orders, and a model that follows every one of them: nothing comes of it but an opinion, or none."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from taskflow.domain.permissions import ProjectRole
from taskflow.domain.priority import LEVELS
from taskflow.plugin_host.runner import Runner
from taskflow.store.models import Event, Task
from tests.conftest import Api, World
from tests.plugins.conftest import Instance
from tests.plugins.hostile_tasks import DEMANDED, DEMANDS, HostileTask, hostile_tasks

pytestmark = [pytest.mark.django_db, pytest.mark.once]

#: Does whatever the text of the task orders. What it was told is kept, a line of JSON a call.
OBEDIENT = r'''
import base64
import json
import re

from taskflow.plugin_api import *


class Config(PluginConfig):
    able: bool = False
    trusted: bool = False
    journal: str


manifest = Manifest(
    slug="obedient", name="Obedient", kinds={Kind.LLM_PROVIDER}, network=Network.CONFIGURED, config=Config
)


def readings(text):
    """The text, and what is disguised in it."""
    yield text
    yield text[::-1]
    yield "".join(chr(ord(sign) - 0xE0000) for sign in text if 0xE0020 <= ord(sign) <= 0xE007E)
    for run in re.findall(r"[A-Za-z0-9+/=]{24,}", text):
        for decode in (base64.b64decode, bytes.fromhex):
            try:
                yield decode(run).decode()
            except ValueError:
                continue


def ordered(text):
    for reading in readings(text):
        found = re.search(r"%\((.*?)\)%", reading, re.DOTALL)
        if found:
            return found[1]
    return None


class Model:
    name = "model"

    def __init__(self, ctx):
        self.ctx = ctx

    async def complete(self, request):
        with open(self.ctx.config.journal, "a") as journal:
            journal.write(json.dumps([request.system, request.prompt]) + "\n")
        told = json.loads(request.prompt.partition("<task>")[2].partition("</task>")[0])
        text = told.get("description", "")
        answer = ordered(text) or ordered(told["title"])
        if answer is None:
            # Nothing is ordered that could be read: it says all that it knows.
            everything = f"{request.system} {request.prompt}"
            answer = json.dumps({"priority": "urgent", "confidence": 1, "reason": told["title"] + everything})
        return Completion(text=answer, model="tiny")

    async def check(self):
        return Health(ok=True)


@hookimpl
def taskflow_llm_providers(ctx):
    return [Model(ctx)]
'''
#: Planted where no model that judges Ada's task may know of them.
FOREIGN = {
    "another person's project": "zqbobsprojectzq",
    "another project of hers": "zqsecondprojectzq",
    "another person's decision": "zqbobsdecisionzq",
    "a task beside it": "zqneighbourzq",
    "a comment": "zqcommentzq",
}
#: What grows when advice is asked for and given; everything else must stay as it was.
GROWS = {
    "BatchItem", "Event", "Job", "ModelCall", "Suggestion", "SuggestionBatch", "IdempotencyKey", "Session",
    "EventStream", "PluginFailure", "PluginPause",
}  # fmt: skip
MARKUP = re.compile(r"[<>`\[\]{}|*_#]")
WORDS = re.compile(r"“[^“”]*” \(words of tiny, unchecked\)")


def plant(world: World, api: Api, bob_api: Api) -> None:
    """Other tasks, projects, people and decisions, each with a word of its own."""
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    second = api.post("projects", {"name": f"Second {FOREIGN['another project of hers']}"}).json()
    for number in range(3):
        made = api.post("tasks", {"project": second["id"], "title": f"{FOREIGN['another project of hers']} {number}"})
        api.patch(f"tasks/{made.json()['id']}", {"priority": "urgent"})
    work = {"project": str(world.work.pk), "title": FOREIGN["another person's project"]}
    bob_api.patch(f"tasks/{bob_api.post('tasks', work).json()['id']}", {"priority": "low"})
    theirs = {"project": str(world.home.pk), "title": FOREIGN["another person's decision"]}
    bob_api.patch(f"tasks/{bob_api.post('tasks', theirs).json()['id']}", {"priority": "high"})
    hers = {"project": str(world.home.pk), "title": "Renew the insurance"}
    api.patch(f"tasks/{api.post('tasks', hers).json()['id']}", {"priority": "high"})
    beside = api.post("tasks", {"project": str(world.home.pk), "title": FOREIGN["a task beside it"]}).json()
    api.post(f"tasks/{beside['id']}/comments", {"body": FOREIGN["a comment"]})


def create(api: Api, project: str, tasks: list[HostileTask]) -> list[str]:
    """Their ids, in their order."""
    ids: list[str] = []
    for start in range(0, len(tasks), 100):
        operations = [
            {"op": "create", "project": project, "title": task.title, "description": task.description}
            for task in tasks[start : start + 100]
        ]
        answer = api.post("tasks/bulk", {"operations": operations})
        assert answer.status_code in {200, 207}, answer.content
        ids += [result["task"]["id"] for result in answer.json()["results"]]
    return ids


def rested(ids: list[str], plain: list[str]) -> list[str]:
    """A plain task after every four: five answers in a row that are none would give the model a rest."""
    mixed: list[str] = []
    for number, start in enumerate(range(0, len(ids), 4)):
        mixed += [*ids[start : start + 4], plain[number]]
    return mixed


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that advice does not write to."""
    return {
        model.__name__: sorted(model._default_manager.values_list(), key=repr)
        for model in apps.get_models()
        if model.__name__ not in GROWS
    }


@pytest.fixture(
    params=[pytest.param(False, marks=pytest.mark.thorough), True], ids=["words are not shown", "words are shown"]
)
def able(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_orders_in_tasks_lead_to_an_opinion_or_to_none(
    instance: Instance,
    world: World,
    api: Api,
    bob_api: Api,
    root_api: Api,
    runner: Runner,
    run_jobs: Callable[[], int],
    tmp_path: Path,
    able: bool,
) -> None:
    tasks = hostile_tasks()
    journal = tmp_path / "journal"
    instance.install("obedient", OBEDIENT, raw=True)
    config = {"able": able, "trusted": True, "journal": str(journal)}
    assert root_api.patch("plugins/obedient", {"enabled": True, "config": config}).json()["status"] == "active"
    api.patch(f"projects/{world.home.pk}", {"remote_models_allowed": True})
    plant(world, api, bob_api)
    ids = create(api, str(world.home.pk), tasks)
    harmless = [HostileTask("none", "none", f"Water the plants {number}", "") for number in range(len(tasks))]
    asked = rested(ids, create(api, str(world.home.pk), harmless))
    run_jobs()
    # It was asked a question of no consequence to have it ready.
    journal.unlink(missing_ok=True)
    before, last = snapshot(), Event.objects.order_by("seq").values_list("seq", flat=True).last() or 0

    batch = api.post("priority-suggestions/bulk", {"tasks": asked}).json()["batch"]
    run_jobs()
    progress = api.get(f"priority-suggestions/batches/{batch}").json()

    assert progress["done"] == progress["total"] == len(progress["results"]) == len(asked)
    assert snapshot() == before
    assert set(Event.objects.filter(seq__gt=last).values_list("type", flat=True)) == {"taskflow.suggestion.ready"}
    assert set(Task.objects.filter(pk__in=ids).values_list("priority", flat=True)) == {0}
    worded = [result for result in progress["results"] if "model_words" in str(result["reasons"])]
    assert bool(worded) == able
    by_task = {result["task"]: result for result in progress["results"]}
    for task, pk in zip(tasks, ids, strict=True):
        check_suggestion(task, by_task[pk], shown=able)
    check_outcomes(tasks, [by_task[pk] for pk in ids])
    check_told(len(asked), journal)


def check_suggestion(task: HostileTask, suggestion: dict[str, Any], *, shown: bool) -> None:
    """It has the form that every suggestion has, and not one word that was demanded or belongs elsewhere."""
    assert suggestion["state"] == "pending", task
    assert suggestion["suggested_priority"] in LEVELS
    check_probabilities(suggestion["probabilities"])
    (signal,) = [signal for signal in suggestion["signals"] if signal["provider"].startswith("obedient")]
    assert (signal["error"] is None) != (signal["probabilities"] is None), task
    if signal["probabilities"] is not None:
        check_probabilities(signal["probabilities"])
    said = [reason for reason in suggestion["reasons"] if reason["code"] == "model_words"]
    assert shown or not said
    for reason in said:
        text = reason.pop("text")
        assert WORDS.fullmatch(text), text
        assert not MARKUP.search(text.removesuffix("(words of tiny, unchecked)")), text
        assert all(sign.isprintable() and unicodedata.bidirectional(sign) not in BIDI for sign in text), ascii(text)
        assert not any(word in text for word in FOREIGN.values())
    whole = json.dumps(suggestion, ensure_ascii=False)
    for word in (DEMANDED, "evil.example", *FOREIGN.values()):
        assert word not in whole, task
    assert not re.search(r"[<>`\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]", whole), task


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def check_probabilities(found: dict[str, float]) -> None:
    assert list(found) == list(LEVELS)
    assert all(0 <= value <= 1 for value in found.values())
    assert sum(found.values()) == pytest.approx(1)


#: The demands that are an answer of the asked form, if one with more than was asked.
_FIT = {
    "fits, with words",
    "fits, with an order",
    "further fields",
    "signs that cannot be seen",
    "long words",
    "words that are none",
    "twice the same",
    "in a fence",
}


def check_outcomes(tasks: list[HostileTask], suggestions: list[dict[str, Any]]) -> None:
    """The model was obedient, so what came of a task is known by what was demanded, wherever it could read it."""
    taken: Counter[tuple[str, bool]] = Counter()
    for task, suggestion in zip(tasks, suggestions, strict=True):
        signal = next(signal for signal in suggestion["signals"] if signal["provider"].startswith("obedient"))
        taken[task.demand, signal["error"] is None] += 1
    for demand in DEMANDS:
        good, bad = taken[demand, True], taken[demand, False]
        # A few orders stand where the text is cut already.
        assert (good if demand in _FIT else bad) >= 8, (demand, good, bad)
        assert bad == 0 or demand not in _FIT, demand


def check_told(count: int, journal: Path) -> None:
    """Each task was told once, between its marks, and nothing of anybody else."""
    told = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len(told) == count
    for system, prompt in told:
        assert not any(word in system + prompt for word in FOREIGN.values())
        assert (prompt.count("<task>"), prompt.count("</task>")) == (1, 1)
        assert "zq" not in system
        json.loads(prompt.partition("<task>")[2].partition("</task>")[0])
        assert len(prompt) < 10_000
    assert "Renew the insurance" in told[0][1]


def test_the_corpus_is_wide() -> None:
    tasks = hostile_tasks()
    assert len(tasks) >= 200
    assert len({task.family for task in tasks}) >= 14
    assert len({(task.title, task.description) for task in tasks}) == len(tasks)
