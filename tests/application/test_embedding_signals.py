"""Nearest decided tasks: what is embedded, how often, and under which name."""

from datetime import UTC, datetime

import pytest

from taskflow.application.embedding_signals import can_embed, nearest_decisions
from taskflow.application.model_calls import Caller
from taskflow.application.ports import ModelAnswer
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level
from taskflow.domain.prompts import Asked
from taskflow.learning.examples import Example
from taskflow.plugin_api import Embeddings, ModelInfo, Pull
from taskflow.plugin_host.state import CallFailed, EnabledPlugin
from taskflow.store.models import ModelCall

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
NOBODY = Caller(None, None)


class Vectors:
    """Models whose vectors tell texts about rent from others."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, slug: str, texts: tuple[str, ...], *, deadline: float) -> Embeddings | None:
        self.asked += texts
        vectors = tuple((1.0, 0.1) if "rent" in text else (0.1, 1.0) for text in texts)
        return Embeddings(vectors=vectors, model="another name")

    def suggest(self, asked: Asked, *, deadline: float, may_leave: bool = False) -> ModelAnswer:
        raise CallFailed("permanent", "not asked here")

    def configure(self, *, deadline: float) -> None:
        raise CallFailed("permanent", "not asked here")

    def models(self, slug: str, *, deadline: float) -> tuple[ModelInfo, ...]:
        raise CallFailed("permanent", "not asked here")

    def pull(self, slug: str, model: str, *, deadline: float) -> Pull:
        raise CallFailed("permanent", "not asked here")


def plugin(fingerprint: str, *, leaves: bool = False) -> EnabledPlugin:
    return EnabledPlugin(
        slug="local",
        distribution="taskflow-local",
        version="1",
        module="local",
        fingerprint=fingerprint,
        kinds=frozenset({"llm_provider"}),
        network="none",
        order=1,
        config={"embedding_model": "mini"},
        leaves=leaves,
    )


def decided(title: str, level: Level) -> Example:
    return Example(facts=TaskFacts(title=title, created_at=NOW), level=level, decided_at=NOW)


def test_the_level_of_the_nearest_is_said_and_each_text_is_embedded_once_under_one_name() -> None:
    models, local = Vectors(), plugin("one")
    examples = [decided("Pay the rent", "urgent"), decided("Read a novel", "low"), decided("Water the plants", "low")]
    facts = TaskFacts(title="Transfer the rent", created_at=NOW)

    first = nearest_decisions(models, local, facts, examples, NOBODY, left=5)
    again = nearest_decisions(models, local, facts, examples, NOBODY, left=5)

    assert first is not None
    assert again is not None
    assert first.probabilities == again.probabilities
    assert max(first.probabilities or {}, key=lambda level: (first.probabilities or {})[level]) == "urgent"
    # Its record goes by the name: it must not change with what happens to be kept.
    assert (first.provider, first.model) == (again.provider, again.model) == ("local:embeddings", "mini")
    assert len(models.asked) == len(set(models.asked)) == 4
    assert ModelCall.objects.get().purpose == "embed"


def test_without_decisions_nobody_is_asked_and_what_leaves_is_not_asked_at_all() -> None:
    models = Vectors()
    assert nearest_decisions(models, plugin("two"), TaskFacts(title="Call", created_at=NOW), [], NOBODY, left=5) is None
    assert models.asked == []
    assert can_embed(plugin("two"))
    assert not can_embed(plugin("two", leaves=True))
