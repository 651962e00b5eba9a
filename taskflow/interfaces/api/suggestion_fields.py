"""REST: suggestions, in and out."""

from typing import Any

from rest_framework import serializers

from taskflow.application.model_preview import Preview
from taskflow.domain.priority import LEVELS, Priority, by_level
from taskflow.interfaces.api.fields import InstantField, NamesField, StrictSerializer, TextField
from taskflow.store.models import Suggestion
from taskflow.store.models.suggestions import SuggestionState

SOURCES = ["rules", "learned", "model", "blend"]


class ReasonDocument(serializers.Serializer[Any]):
    """One thing that weighed; `contribution` is in levels, signed, where the signal can say it."""

    code = serializers.CharField()
    text = serializers.CharField()
    field = serializers.CharField()
    contribution = serializers.FloatField(allow_null=True)


class ProbabilitiesDocument(serializers.Serializer[Any]):
    """One number a level; they sum to 1."""

    low = serializers.FloatField()
    medium = serializers.FloatField()
    high = serializers.FloatField()
    urgent = serializers.FloatField()


class ScoreFactorDocument(serializers.Serializer[Any]):
    """One term of a signal's score, in levels, signed."""

    code = serializers.CharField()
    field = serializers.CharField()
    contribution = serializers.FloatField()


class ScoreDocument(serializers.Serializer[Any]):
    """The sum behind a signal on the levels' scale (0 low, 3 urgent): `base` and contributions add up to `total`."""

    base = serializers.FloatField()
    factors = ScoreFactorDocument(many=True)
    total = serializers.FloatField()


class SignalDocument(serializers.Serializer[Any]):
    """What one prioritiser said; `weight` is its share of the decision."""

    source = serializers.ChoiceField(["rules", "learned", "model"])  # type: ignore[assignment]
    provider = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    weight = serializers.FloatField()
    probabilities = ProbabilitiesDocument(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    raw = ProbabilitiesDocument(
        allow_null=True, help_text="What a plugin itself said; `probabilities` are what its record makes of that"
    )
    prompt_version = serializers.CharField(help_text="Of the prompt that a model answered; else empty")
    score = ScoreDocument(allow_null=True, help_text="Where the signal is a sum: the rules")


class SuggestionDocument(serializers.Serializer[Any]):
    """A suggestion as clients see it."""

    id = serializers.UUIDField()
    task = serializers.UUIDField()
    state = serializers.ChoiceField(SuggestionState.values)
    suggested_priority = serializers.ChoiceField(list(LEVELS), allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    probabilities = ProbabilitiesDocument(allow_null=True)
    reasons = ReasonDocument(many=True)
    signals = SignalDocument(many=True)
    source = serializers.ChoiceField(SOURCES, allow_null=True)  # type: ignore[assignment]
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    prompt_version = serializers.CharField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    auto = serializers.BooleanField()
    created_at = InstantField()
    decided_at = InstantField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    final_priority = serializers.ChoiceField([level.value for level in Priority], allow_null=True)
    version = serializers.IntegerField()


class PreviewRequestDocument(serializers.Serializer[Any]):
    """One way in which a model may be asked: `scores` is tried first where it can say how probable each level is."""

    method = serializers.ChoiceField(["scores", "json"])
    system = serializers.CharField(help_text="TaskFlow's own instructions")
    prompt = serializers.CharField(help_text="The task and earlier decisions, as data")
    json_schema = serializers.DictField(allow_null=True, help_text="What the answer must look like")
    max_tokens = serializers.IntegerField()


class PreviewDocument(serializers.Serializer[Any]):
    """What would be sent to the language model in force, word for word."""

    provider = serializers.CharField(allow_null=True, help_text="Null: no model is in force")
    model = serializers.CharField(allow_null=True, help_text="Null: the one of the provider's own settings")
    leaves = serializers.BooleanField(help_text="Whether it counts as leaving this machine, and is redacted")
    sent = serializers.BooleanField(help_text="Whether a suggestion would send it")
    reason = serializers.CharField(help_text="Why nothing would be sent; empty where something would")
    redactions = serializers.IntegerField(help_text="Pieces of text that are taken out")
    prompt_version = serializers.CharField()
    requests = PreviewRequestDocument(many=True)


def preview_json(preview: Preview) -> dict[str, Any]:
    """A PreviewDocument."""
    return {
        "provider": preview.provider,
        "model": preview.model,
        "leaves": preview.leaves,
        "sent": preview.provider is not None and not preview.reason,
        "reason": preview.reason,
        "redactions": preview.redactions,
        "prompt_version": preview.prompt_version,
        "requests": [
            {
                "method": method,
                "system": request.system,
                "prompt": request.prompt,
                "json_schema": request.json_schema,
                "max_tokens": request.max_tokens,
            }
            for method, request in preview.requests.items()
        ],
    }


class OverrideFields(StrictSerializer):
    """The level that the person chose instead."""

    priority = serializers.ChoiceField([level.value for level in Priority])


class BatchFields(StrictSerializer):
    """What to ask suggestions for: all open tasks of a project, or named tasks."""

    project = TextField(max_length=64, required=False, help_text="Id or key")
    tasks = NamesField(child=TextField(max_length=64), min_length=1, max_length=1000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either project or tasks.", code="one_of")
        return attrs


class BatchDocument(serializers.Serializer[Any]):
    """A batch's id, to follow it by."""

    batch = serializers.UUIDField()


class BatchProgressDocument(serializers.Serializer[Any]):
    """How far a batch is."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    results = SuggestionDocument(many=True)


class AgreementDocument(serializers.Serializer[Any]):
    """Decisions and how many of them followed the advice, of one source, provider or week."""

    optional = ("source", "provider", "week")

    source = serializers.CharField()  # type: ignore[assignment]
    provider = serializers.CharField()
    week = serializers.DateField(help_text="Its Monday")
    decisions = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True)


class InsightsDocument(serializers.Serializer[Any]):
    """How well suggestions agree with what people decided in the last 12 weeks."""

    since = InstantField()
    decisions = serializers.IntegerField()
    accepted = serializers.IntegerField()
    overridden = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    auto_applied = serializers.IntegerField()
    agreement = serializers.FloatField(allow_null=True, help_text="accepted / decisions")
    mean_latency_ms = serializers.FloatField(allow_null=True)
    by_source = AgreementDocument(many=True)
    by_provider = AgreementDocument(many=True)
    by_week = AgreementDocument(many=True)


def suggestion_json(suggestion: Suggestion) -> dict[str, Any]:
    """A SuggestionDocument."""
    return {
        "id": suggestion.pk,
        "task": suggestion.task_id,
        "state": suggestion.state,
        "suggested_priority": _level(suggestion.suggested_priority),
        "confidence": suggestion.confidence,
        "probabilities": by_level(suggestion.probabilities),
        "reasons": suggestion.reasons,
        "signals": [_signal_json(signal) for signal in suggestion.signals],
        "source": suggestion.source or None,
        "provider": suggestion.provider or None,
        "model": suggestion.model or None,
        "prompt_version": suggestion.prompt_version or None,
        "latency_ms": suggestion.latency_ms,
        "auto": suggestion.auto,
        "created_at": suggestion.created_at,
        "decided_at": suggestion.decided_at,
        "decided_by": suggestion.decided_by.username if suggestion.decided_by else None,
        "final_priority": _level(suggestion.final_priority),
        "version": suggestion.version,
    }


def _level(rank: int | None) -> str | None:
    return None if rank is None else Priority.from_rank(rank).value


def _signal_json(stored: dict[str, Any]) -> dict[str, Any]:
    """A SignalDocument; rows of earlier releases have neither `raw` nor `prompt_version`."""
    raw = stored.get("raw")
    levels = {"probabilities": by_level(stored["probabilities"]), "raw": None if raw is None else by_level(raw)}
    return {"prompt_version": "", **stored, **levels}
