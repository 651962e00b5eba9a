"""REST: plugins, for site administrators."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import model_provider, plugin_setups
from taskflow.application.model_provider import ProviderChoice
from taskflow.application.plugin_cards import Card, Status, describe_schema, find_card, list_cards
from taskflow.application.plugin_setups import MOST_ORDER, Wish
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import FlagField, InstantField, StrictSerializer, TextField, WholeNumberField
from taskflow.interfaces.api.operation import NoFields, Operation
from taskflow.plugin_api import Kind, Network
from taskflow.store.models import PluginFailure

_ADMIN = Action.PLUGIN_ADMIN


class ConfigField(serializers.JSONField):
    """Settings by field; null forgets what was stored."""

    default_error_messages = {"not_an_object": "Give a JSON object: field and value."}
    json_schema = {"type": "object", "additionalProperties": True}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return super().to_internal_value(data)


class PluginFields(StrictSerializer):
    """What an administrator wants of a plugin."""

    enabled = FlagField(required=False)
    order = WholeNumberField(min_value=0, max_value=MOST_ORDER, required=False, help_text="Smaller comes first")
    config = ConfigField(
        required=False, help_text="Only the fields that change; an absent secret is kept, null forgets what was stored"
    )


class FailureDocument(serializers.Serializer[Any]):
    """One way in which a plugin failed."""

    id = serializers.UUIDField()
    capability = serializers.CharField(help_text="What it was asked for: load, complete, prioritise, send, check")
    kind = serializers.CharField(help_text="auth, transient, permanent, bug, timeout or crash")
    message = serializers.CharField()
    trace = serializers.CharField(help_text="Without secrets; empty where there is none")
    count = serializers.IntegerField()
    first_at = InstantField()
    last_at = InstantField()


class PluginDocument(serializers.Serializer[Any]):
    """An installed plugin. Secrets read back as `"set"` or null."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    homepage = serializers.CharField()
    distribution = serializers.CharField()
    version = serializers.CharField(help_text="Of the distribution; the ETag counts changes of what is wanted of it")
    publisher = serializers.CharField()
    kinds = serializers.ListField(child=serializers.ChoiceField([kind.value for kind in Kind]))
    network = serializers.ChoiceField([network.value for network in Network], allow_null=True)
    enabled = serializers.BooleanField(help_text="Whether it is wanted")
    status = serializers.ChoiceField([status.value for status in Status], help_text="How it is")
    reason = serializers.CharField(help_text="Why it is not active; empty where there is nothing to say")
    order = serializers.IntegerField()
    config = serializers.DictField()
    config_sources = serializers.DictField(child=serializers.ChoiceField(["environment", "stored", "default"]))
    last_error = FailureDocument(allow_null=True)


class PluginResults(serializers.Serializer[Any]):
    """All of them: there are never many."""

    results = PluginDocument(many=True)


class SchemaDocument(serializers.Serializer[Any]):
    """JSON schemas of the settings: the instance's, and each person's where a channel has such."""

    config = serializers.DictField(allow_null=True)
    user_config = serializers.DictField(allow_null=True)


class FailureResults(serializers.Serializer[Any]):
    """The newest first, at most 100."""

    results = FailureDocument(many=True)


class CheckFields(StrictSerializer):
    """How to try it."""

    send = FlagField(required=False, help_text="A channel also sends a test message to whoever asks")


class CheckDocument(serializers.Serializer[Any]):
    """What came of a try."""

    ok = serializers.BooleanField()
    latency_ms = serializers.FloatField(allow_null=True)
    model = serializers.CharField(help_text="Empty where there is none")
    sample = serializers.CharField(help_text="A piece of a real answer")
    error = serializers.CharField()
    next_step = serializers.CharField()
    detail = serializers.CharField(help_text="What the other side said of a test message")
    tokens_per_second = serializers.FloatField(
        allow_null=True, help_text="How fast a language model wrote the sample, where that is known"
    )


class ProviderFields(StrictSerializer):
    """The provider to ask."""

    slug = TextField(max_length=80, allow_null=True, help_text="null: the only one that is ready")
    model = TextField(max_length=200, required=False, allow_null=True, help_text="Another than its settings name")


class ProviderDocument(serializers.Serializer[Any]):
    """The provider that suggestions ask."""

    slug = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    chosen = serializers.BooleanField(help_text="false: it is the only one that is ready, or there is none")
    ready = serializers.ListField(child=serializers.CharField())


def plugin_json(card: Card) -> dict[str, Any]:
    """A PluginDocument."""
    plugin, manifest = card.plugin, card.plugin.manifest
    return {
        "slug": plugin.slug,
        "name": card.name,
        "description": manifest.get("description", ""),
        "homepage": manifest.get("homepage", ""),
        "distribution": plugin.distribution,
        "version": plugin.version,
        "publisher": plugin.publisher,
        "kinds": card.kinds,
        "network": manifest.get("network"),
        "enabled": card.setup.enabled,
        "status": card.status.value,
        "reason": card.reason,
        "order": card.setup.order,
        "config": card.effect.shown(card.fields),
        "config_sources": dict(card.effect.sources),
        "last_error": None if card.last_failure is None else failure_json(card.last_failure),
    }


def failure_json(failure: PluginFailure) -> dict[str, Any]:
    """A FailureDocument."""
    return {
        "id": failure.pk,
        "capability": failure.capability,
        "kind": failure.kind,
        "message": failure.message,
        "trace": failure.trace,
        "count": failure.count,
        "first_at": failure.first_at,
        "last_at": failure.last_at,
    }


def _answer_card(card: Card) -> Response:
    # The document's `version` is the distribution's.
    return Response(plugin_json(card), headers={"ETag": f'"{card.setup.version}"'})


class PluginList(Endpoint):
    """The installed plugins: enabled or not, working or not, in their order."""

    actions = {"GET": _ADMIN}
    operations = {"GET": Operation("list_plugins", {200: PluginResults})}

    def get(self, request: Request) -> Response:
        return Response({"results": [plugin_json(card) for card in list_cards(self.actor)]})


class PluginDetail(Endpoint):
    """One plugin."""

    actions = {"GET": _ADMIN, "PATCH": _ADMIN}
    operations = {
        "GET": Operation("get_plugin", {200: PluginDocument}),
        "PATCH": Operation(
            "update_plugin",
            {200: PluginDocument},
            "Enable, disable, order or configure a plugin",
            body=PluginFields,
            conditional=True,
            conflicts="It cannot be used as it is installed",
        ),
    }

    def get(self, request: Request, slug: str) -> Response:
        return _answer_card(find_card(self.actor, slug))

    def patch(self, request: Request, slug: str) -> Response:
        wish = Wish(**self.parse(PluginFields, partial=True))
        return _answer_card(plugin_setups.update_plugin(self.actor, slug, wish, version=self.if_match()))


class PluginSchema(Endpoint):
    """The JSON schemas of a plugin's settings."""

    actions = {"GET": _ADMIN}
    operations = {"GET": Operation("get_plugin_schema", {200: SchemaDocument})}

    def get(self, request: Request, slug: str) -> Response:
        return Response(describe_schema(find_card(self.actor, slug)))


class PluginCheck(Endpoint):
    """Tries a plugin with its present settings, enabled or not."""

    actions = {"POST": _ADMIN}
    operations = {
        "POST": Operation(
            "check_plugin",
            {200: CheckDocument},
            "Try a plugin",
            body=CheckFields,
            conflicts="It cannot be used as it is installed",
        )
    }

    def post(self, request: Request, slug: str) -> Response:
        fields = self.parse(CheckFields)
        return self.once(lambda: self._check(slug, send=fields.get("send", False)))

    def _check(self, slug: str, *, send: bool) -> Response:
        trial = plugin_setups.check_plugin(self.actor, slug, send=send)
        return answer(asdict(trial))


class PluginRetry(Endpoint):
    """Looks into a plugin again that failed, and asks one again that was given a rest."""

    actions = {"POST": _ADMIN}
    operations = {"POST": Operation("retry_plugin", {200: PluginDocument}, "Look into a plugin again", body=NoFields)}

    def post(self, request: Request, slug: str) -> Response:
        self.refuse_body()
        return self.once(lambda: _answer_card(plugin_setups.retry_plugin(self.actor, slug)))


class PluginErrors(Endpoint):
    """The ways in which a plugin failed."""

    actions = {"GET": _ADMIN}
    operations = {"GET": Operation("list_plugin_errors", {200: FailureResults})}

    def get(self, request: Request, slug: str) -> Response:
        return Response({"results": [failure_json(found) for found in plugin_setups.list_failures(self.actor, slug)]})


class Provider(Endpoint):
    """The model provider that suggestions ask."""

    actions = {"GET": _ADMIN, "PUT": _ADMIN}
    operations = {
        "GET": Operation("get_model_provider", {200: ProviderDocument}),
        "PUT": Operation("choose_model_provider", {200: ProviderDocument}, "Choose it", body=ProviderFields),
    }

    def get(self, request: Request) -> Response:
        return Response(provider_json(model_provider.read_choice(self.actor)))

    def put(self, request: Request) -> Response:
        fields = self.parse(ProviderFields)
        choice = model_provider.choose_provider(self.actor, fields["slug"], model=fields.get("model"))
        return Response(provider_json(choice))


def provider_json(choice: ProviderChoice) -> dict[str, Any]:
    """A ProviderDocument."""
    return {"slug": choice.slug, "model": choice.model, "chosen": choice.chosen, "ready": list(choice.ready)}
