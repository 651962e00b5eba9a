"""Priority suggestions over REST, from the question to what is learned from the answer."""

from collections.abc import Callable
from typing import Any

import pytest

from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, World

Run = Callable[[], int]
LEVELS = ["low", "medium", "high", "urgent"]


def make(api: Api, title: str, **fields: Any) -> str:
    response = api.post("tasks", {"title": title, "project": "HOME"} | fields)
    assert response.status_code == 201, response.content
    key: str = response.json()["key"]
    return key


def suggest(api: Api, run_jobs: Run, task: str) -> dict[str, Any]:
    asked = api.post(f"tasks/{task}/priority-suggestions")
    assert asked.status_code == 202, asked.content
    run_jobs()
    document: dict[str, Any] = api.get(f"priority-suggestions/{asked.json()['id']}").json()
    return document


def test_a_suggestion_is_queued_then_pending_and_explains_itself(api: Api, run_jobs: Run) -> None:
    task = make(api, "Server outage, customers cannot pay")
    asked = api.post(f"tasks/{task}/priority-suggestions")
    assert asked.status_code == 202
    assert asked.json()["state"] == "queued"
    assert asked.headers["Location"].endswith(asked.json()["id"])
    run_jobs()
    ready = api.get(f"priority-suggestions/{asked.json()['id']}").json()
    assert ready["state"] == "pending"
    assert ready["suggested_priority"] in LEVELS
    assert list(ready["probabilities"]) == LEVELS
    said = [signal["probabilities"] for signal in ready["signals"] if signal["probabilities"]]
    assert [list(probabilities) for probabilities in said] == [LEVELS]
    assert sum(ready["probabilities"].values()) == pytest.approx(1, abs=1e-9)
    assert ready["confidence"] == max(ready["probabilities"].values())
    assert ready["probabilities"][ready["suggested_priority"]] == ready["confidence"]
    assert ready["reasons"]
    assert (ready["source"], ready["provider"]) == ("rules", "builtin")
    assert api.get(f"tasks/{task}").json()["suggestion"] == ready
    assert api.get(f"tasks/{task}").json()["priority"] == "none"


def test_asking_while_one_is_queued_gives_the_same_one(api: Api, run_jobs: Run) -> None:
    task = make(api, "Pay rent")
    first = api.post(f"tasks/{task}/priority-suggestions").json()
    assert api.post(f"tasks/{task}/priority-suggestions").json()["id"] == first["id"]
    run_jobs()
    second = api.post(f"tasks/{task}/priority-suggestions").json()
    assert second["id"] != first["id"]
    assert api.get(f"priority-suggestions/{first['id']}").json()["state"] == "stale"


def test_accepting_sets_the_priority_and_cannot_be_done_twice(api: Api, run_jobs: Run) -> None:
    task = make(api, "Pay rent today")
    ready = suggest(api, run_jobs, task)
    accepted = api.post(f"priority-suggestions/{ready['id']}/accept").json()
    assert (accepted["state"], accepted["final_priority"]) == ("accepted", ready["suggested_priority"])
    assert (accepted["decided_by"], accepted["auto"]) == ("ada", False)
    assert api.get(f"tasks/{task}").json()["priority"] == ready["suggested_priority"]
    again = api.post(f"priority-suggestions/{ready['id']}/accept")
    assert again.status_code == 409


def test_overriding_and_dismissing(api: Api, run_jobs: Run) -> None:
    first, second = make(api, "Pay rent"), make(api, "Water plants")
    ready = suggest(api, run_jobs, first)
    other = next(level for level in LEVELS if level != ready["suggested_priority"])
    done = api.post(f"priority-suggestions/{ready['id']}/override", {"priority": other}).json()
    assert (done["state"], done["final_priority"]) == ("overridden", other)
    assert api.get(f"tasks/{first}").json()["priority"] == other
    ready = suggest(api, run_jobs, second)
    done = api.post(f"priority-suggestions/{ready['id']}/dismiss").json()
    assert (done["state"], done["final_priority"]) == ("dismissed", None)
    assert api.get(f"tasks/{second}").json()["priority"] == "none"


def test_setting_the_priority_by_hand_decides_a_pending_suggestion(api: Api, run_jobs: Run) -> None:
    task = make(api, "Pay rent")
    ready = suggest(api, run_jobs, task)
    api.patch(f"tasks/{task}", {"priority": ready["suggested_priority"]})
    assert api.get(f"priority-suggestions/{ready['id']}").json()["state"] == "accepted"
    again = suggest(api, run_jobs, task)
    other = next(level for level in LEVELS if level != again["suggested_priority"])
    api.patch(f"tasks/{task}", {"priority": other})
    assert api.get(f"priority-suggestions/{again['id']}").json()["state"] == "overridden"


@pytest.mark.parametrize("change", [{"title": "Pay no rent"}, {"labels": ["x"]}, {"due_date": "2026-12-01"}])
def test_a_change_of_a_judged_field_makes_a_suggestion_stale(api: Api, run_jobs: Run, change: dict[str, Any]) -> None:
    task = make(api, "Pay rent")
    ready = suggest(api, run_jobs, task)
    api.patch(f"tasks/{task}", change)
    assert api.get(f"priority-suggestions/{ready['id']}").json()["state"] == "stale"
    refused = api.post(f"priority-suggestions/{ready['id']}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "stale")


def test_a_change_of_status_leaves_a_suggestion_pending(api: Api, run_jobs: Run) -> None:
    task = make(api, "Pay rent")
    ready = suggest(api, run_jobs, task)
    api.patch(f"tasks/{task}", {"status": "in_progress", "assignees": ["ada"]})
    assert api.get(f"priority-suggestions/{ready['id']}").json()["state"] == "pending"


def test_what_was_decided_shows_in_the_very_next_suggestion(api: Api, run_jobs: Run) -> None:
    first = suggest(api, run_jobs, make(api, "Feed the tortoise"))
    assert first["suggested_priority"] != "urgent"
    api.post(f"priority-suggestions/{first['id']}/override", {"priority": "urgent"})
    second = suggest(api, run_jobs, make(api, "Feed the tortoise again"))
    assert second["probabilities"]["urgent"] > first["probabilities"]["urgent"] + 0.1
    assert second["source"] in {"learned", "blend"}
    make(api, "Feed the tortoise tonight", priority="urgent")
    make(api, "Feed the big tortoise", priority="urgent")
    third = suggest(api, run_jobs, make(api, "Feed the small tortoise"))
    assert third["suggested_priority"] == "urgent"
    assert any("tortoise" in reason["text"] for reason in third["reasons"])


def test_a_batch_works_through_a_project_and_follows_decisions(api: Api, run_jobs: Run) -> None:
    tasks = [make(api, f"Task number {number}") for number in range(45)]
    api.post(f"tasks/{tasks[0]}/complete")
    asked = api.post("priority-suggestions/bulk", {"project": "HOME"})
    assert asked.status_code == 202
    path = f"priority-suggestions/batches/{asked.json()['batch']}"
    assert api.get(path).json() == {"total": 44, "done": 0, "results": []}
    run_jobs()
    batch = api.get(path).json()
    assert (batch["total"], batch["done"], len(batch["results"])) == (44, 44, 44)
    assert {row["state"] for row in batch["results"]} == {"pending"}
    assert len(api.get("priority-suggestions?state=pending&project=HOME&limit=200").json()["results"]) == 44


def test_a_batch_of_named_tasks_refuses_what_is_not_visible(api: Api, bob_api: Api, run_jobs: Run) -> None:
    mine = make(api, "Pay rent")
    theirs = bob_api.post("tasks", {"title": "Secret", "project": "WORK"}).json()["id"]
    refused = api.post("priority-suggestions/bulk", {"tasks": [mine, theirs]})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "not_found"
    assert api.post("priority-suggestions/bulk", {}).status_code == 400


def test_creation_asks_where_the_project_says_so(api: Api, run_jobs: Run) -> None:
    api.patch("projects/HOME", {"auto_suggest": "on_create"})
    task = make(api, "Pay rent")
    run_jobs()
    assert api.get(f"tasks/{task}").json()["suggestion"]["state"] == "pending"


def test_confident_advice_is_applied_only_where_switched_on(api: Api, run_jobs: Run) -> None:
    api.patch("projects/HOME", {"auto_apply_confidence": 0.0})
    task = make(api, "Pay rent today")
    ready = suggest(api, run_jobs, task)
    assert (ready["state"], ready["auto"], ready["decided_by"]) == ("accepted", True, None)
    shown = api.get(f"tasks/{task}").json()
    assert (shown["priority"], shown["suggestion"]) == (ready["suggested_priority"], None)
    learned = suggest(api, run_jobs, make(api, "Pay rent tomorrow"))
    assert [s["error"] for s in learned["signals"] if s["source"] == "learned"] != [None]


def test_a_persons_own_decision_is_never_overwritten(api: Api, run_jobs: Run) -> None:
    api.patch("projects/HOME", {"auto_apply_confidence": 0.0})
    task = make(api, "Server outage now", priority="low")
    ready = suggest(api, run_jobs, task)
    assert ready["state"] == "pending"
    assert api.get(f"tasks/{task}").json()["priority"] == "low"


def test_titles_of_private_projects_stay_private(api: Api, bob_api: Api, world: World, run_jobs: Run) -> None:
    for title in ("Tortoise vet visit", "Tortoise vet bill", "Tortoise vet call"):
        assert api.post("tasks", {"title": title, "priority": "urgent"}).status_code == 201
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    ready = suggest(api, run_jobs, make(api, "Tortoise vet"))
    for title in ("visit", "bill", "call"):
        assert title not in str(bob_api.get(f"priority-suggestions/{ready['id']}").json()["reasons"])


def test_insights_count_decisions(api: Api, run_jobs: Run) -> None:
    first = suggest(api, run_jobs, make(api, "Pay rent"))
    second = suggest(api, run_jobs, make(api, "Water plants"))
    api.post(f"priority-suggestions/{first['id']}/accept")
    api.post(f"priority-suggestions/{second['id']}/dismiss")
    report = api.get("insights/prioritisation").json()
    assert (report["decisions"], report["accepted"], report["dismissed"]) == (2, 1, 1)
    assert report["agreement"] == 0.5
    assert report["mean_latency_ms"] > 0
    assert sum(row["decisions"] for row in report["by_week"]) == 2


def test_a_dismissal_is_learned_from_too(api: Api, run_jobs: Run) -> None:
    first = suggest(api, run_jobs, make(api, "Feed the tortoise"))
    api.post(f"priority-suggestions/{first['id']}/dismiss")
    second = suggest(api, run_jobs, make(api, "Feed the tortoise again"))
    refused = first["suggested_priority"]
    assert second["probabilities"][refused] < first["probabilities"][refused]
    assert any(reason["code"] == "dismissals" for reason in second["reasons"])


def test_the_factors_of_the_rules_add_up(api: Api, run_jobs: Run) -> None:
    ready = suggest(api, run_jobs, make(api, "URGENT: server outage, pay the invoice today!", due_date="2026-11-24"))
    rules = next(signal for signal in ready["signals"] if signal["source"] == "rules")
    score = rules["score"]
    assert len(score["factors"]) >= 3
    assert score["base"] + sum(f["contribution"] for f in score["factors"]) == pytest.approx(score["total"], abs=1e-9)
    shown = {reason["code"] for reason in ready["reasons"] if reason["contribution"] is not None}
    assert shown <= {factor["code"] for factor in score["factors"]}
