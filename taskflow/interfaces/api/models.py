"""REST: language models that are known, and those that are being fetched, for site administrators."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import model_pulls, model_statistics
from taskflow.application.model_statistics import KnownModel
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.fields import InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.store.models import ModelPull

_ADMIN = Action.PLUGIN_ADMIN


class ModelDocument(serializers.Serializer[Any]):
    """A model that was fetched, that answered within 30 days, or that is chosen."""

    slug = serializers.CharField(help_text="The provider")
    model = serializers.CharField()
    pulled_at = InstantField(allow_null=True)
    used_at = InstantField(allow_null=True)
    chosen = serializers.BooleanField(help_text="Suggestions ask it by this name")


class ModelResults(serializers.Serializer[Any]):
    """All that are known here. What else a provider has, it knows itself."""

    results = ModelDocument(many=True)


class PullFields(StrictSerializer):
    """The model to fetch."""

    slug = TextField(max_length=80, help_text="An enabled provider that can fetch models")
    model = TextField(max_length=200)


class PullDocument(serializers.Serializer[Any]):
    """How far a provider is with fetching a model."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    model = serializers.CharField()
    state = serializers.ChoiceField(["running", "done", "failed"])
    completed_bytes = serializers.IntegerField()
    total_bytes = serializers.IntegerField(allow_null=True, help_text="null while it is not known")
    detail = serializers.CharField(help_text="What is being done, or why it failed")
    started_at = InstantField()
    updated_at = InstantField()


class PullResults(serializers.Serializer[Any]):
    """Those that run first, then the newest; at most 100."""

    results = PullDocument(many=True)


class ModelList(Endpoint):
    """The language models that are known, by provider and name."""

    actions = {"GET": _ADMIN}
    operations = {"GET": Operation("list_models", {200: ModelResults})}

    def get(self, request: Request) -> Response:
        self.query()
        return Response({"results": [_model_json(known) for known in model_statistics.known_models(self.actor)]})


class PullList(Endpoint):
    """Models that are or were fetched."""

    actions = {"GET": _ADMIN, "POST": _ADMIN}
    operations = {
        "GET": Operation("list_model_pulls", {200: PullResults}),
        "POST": Operation(
            "pull_model",
            {202: PullDocument},
            "Let a provider fetch a model; one that it is fetching already is joined",
            body=PullFields,
            located=(),
        ),
    }

    def get(self, request: Request) -> Response:
        self.query()
        return Response({"results": [_pull_json(row) for row in model_pulls.list_pulls(self.actor)]})

    def post(self, request: Request) -> Response:
        fields = self.parse(PullFields)

        def start() -> Response:
            row = model_pulls.start_pull(self.actor, fields["slug"], fields["model"])
            return Response(_pull_json(row), status=202)

        return self.once(start)


def _model_json(known: KnownModel) -> dict[str, Any]:
    return {
        "slug": known.slug,
        "model": known.model,
        "pulled_at": known.pulled_at,
        "used_at": known.used_at,
        "chosen": known.chosen,
    }


def _pull_json(row: ModelPull) -> dict[str, Any]:
    return {
        "id": row.pk,
        "slug": row.slug,
        "model": row.model,
        "state": row.state,
        "completed_bytes": row.completed_bytes,
        "total_bytes": row.total_bytes,
        "detail": row.detail,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
    }
