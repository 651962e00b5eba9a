"""A plugin's settings: where each value comes from, and changing them.

The environment (`TASKFLOW_PLUGIN_<SLUG>__<FIELD>`) comes before what an administrator stored, that before what the
instance itself knows (a field's `default_from`), that before the plugin's own default.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from django.utils.crypto import salted_hmac

from taskflow.application import ports
from taskflow.config import Settings, current_settings
from taskflow.domain.errors import FieldError
from taskflow.plugin_host.discovery import Installed
from taskflow.plugin_host.fields import Field, FieldKind, Value, parse_text, read_fields
from taskflow.plugin_host.inspector import check_settings
from taskflow.plugin_host.redaction import MARK, Redactor, clean, clean_text, redactor_of
from taskflow.store.models import Plugin, PluginSetup

Source = Literal["environment", "stored", "default"]
#: Of one value, written as JSON.
MOST_CHARACTERS = 20_000
#: What stands for a stored secret wherever settings are shown.
SET = "set"


@dataclass(frozen=True, slots=True)
class InEffect:
    """The settings that a plugin would get now."""

    #: In plain, secrets too; fields with the plugin's own default are absent.
    values: Mapping[str, Value] = field(repr=False)
    #: Of every field.
    sources: Mapping[str, Source]
    #: What keeps them from being used before the plugin has even seen them.
    problems: tuple[FieldError, ...] = ()

    def shown(self, fields: tuple[Field, ...]) -> dict[str, Value]:
        """The values as they may be shown: of a secret only whether it is there."""
        return {known.name: self._show(known) for known in fields}

    def _show(self, known: Field) -> Value:
        if known.is_secret:
            return SET if self.values.get(known.name) is not None else None
        value = self.values.get(known.name, known.default)
        # Of a variable, that is: one that is given to be stored is refused.
        return MARK if known.kind is FieldKind.URL and isinstance(value, str) and has_password(value) else value


def fields_of(plugin: Plugin) -> tuple[Field, ...]:
    """The fields of an installed plugin's settings; none of one that cannot be used."""
    return read_fields(plugin.schemas.get("config") or {})


def secret_context(distribution: str, slug: str, name: str) -> str:
    """What a secret is encrypted for: another plugin, field or distribution of the same slug cannot read it."""
    return f"plugin {distribution} {slug} {name}"


def settings_in_effect(plugin: Plugin, setup: PluginSetup | None) -> InEffect:
    """What the plugin would get, and where each of it comes from."""
    fixed = current_settings().plugin_values.get(plugin.slug, {})
    values: dict[str, Value] = {}
    sources: dict[str, Source] = {}
    problems: list[FieldError] = []
    fields = fields_of(plugin)
    for known in fields:
        sources[known.name] = "default"
        try:
            if known.name in fixed:
                sources[known.name] = "environment"
                values[known.name] = parse_text(known, fixed[known.name].get_secret_value())
            elif setup is not None and known.name in setup.secrets:
                sources[known.name] = "stored"
                token = setup.secrets[known.name]
                context = secret_context(plugin.distribution, plugin.slug, known.name)
                values[known.name] = ports.secrets().decrypt(token, context)
            elif setup is not None and known.name in setup.values:
                sources[known.name] = "stored"
                values[known.name] = setup.values[known.name]
            elif (given := _read_instance(known.default_from)) is not None:
                values[known.name] = given
        except ports.Undecryptable:
            detail = "The stored secret cannot be decrypted. Enter it again, or restore the key ring."
            problems.append(FieldError(known.name, "undecryptable", detail))
        except ValueError as error:
            problems.append(FieldError(known.name, "invalid", str(error)))
    for name in sorted(fixed.keys() - {known.name for known in fields}):
        variable = f"TASKFLOW_PLUGIN_{plugin.slug}__{name}".upper()
        problems.append(FieldError(name, "unknown_field", f"{variable}: the plugin has no such field."))
    return InEffect(values, sources, tuple(problems))


def _read_instance(name: str) -> str | None:
    settings: Settings = current_settings()
    match name:
        case "EMAIL_URL" if settings.email_url is not None:
            return settings.email_url.get_secret_value()
        case "EMAIL_FROM":
            return settings.email_from
        case "PUBLIC_URL":
            return settings.base_url
    return None


def comes_from_environment(plugin: Plugin) -> bool:
    """Whether variables give every field that the plugin requires, and at least one of it."""
    effect = settings_in_effect(plugin, None)
    required = [known for known in fields_of(plugin) if known.required]
    named = bool(current_settings().plugin_values.get(plugin.slug)) or any(
        known.default_from and current_settings().email_url is not None for known in required
    )
    return named and not effect.problems and all(known.name in effect.values for known in required)


def find_problems(plugin: Plugin, setup: PluginSetup) -> tuple[FieldError, ...]:
    """What keeps the settings in effect from being used, as the plugin's own model says.

    The plugin's process is asked once for each set of settings; its answer is kept with `setup`.
    """
    effect = settings_in_effect(plugin, setup)
    if effect.problems:
        return effect.problems
    mark = _mark(plugin, effect)
    if setup.checked != mark:
        setup.problems, setup.checked = ask_about(plugin, effect.values), mark
        PluginSetup.objects.filter(pk=setup.pk).update(problems=setup.problems, checked=mark)
    return tuple(FieldError(**problem) for problem in setup.problems)


def ask_about(plugin: Plugin, values: Mapping[str, Value]) -> list[dict[str, str]]:
    """What the plugin's own model says of settings (`field`, `code`, `detail`); takes a process and up to 10 s."""
    secret = {known.name for known in fields_of(plugin) if known.is_secret}
    # A validator may put what it refuses into its words.
    redact = redactor_of(values, secret)
    return [
        problem | {"detail": clean_text(redact(problem["detail"]))}
        for problem in check_settings(as_installed(plugin), dict(values))
    ]


def remember_problems(plugin: Plugin, setup: PluginSetup, problems: list[dict[str, str]]) -> None:
    """Keeps what was said of the settings in effect with `setup`, which is yet to be saved."""
    setup.problems, setup.checked = problems, _mark(plugin, settings_in_effect(plugin, setup))


def _mark(plugin: Plugin, effect: InEffect) -> str:
    # Keyed: the mark of a guessed password tells nothing to who has the database alone.
    text = json.dumps([plugin.fingerprint, effect.values], sort_keys=True)
    return salted_hmac("taskflow.plugin_settings", text, algorithm="sha256").hexdigest()


def as_installed(plugin: Plugin) -> Installed:
    """The row as the host knows plugins."""
    return Installed(
        slug=plugin.slug,
        module=plugin.module,
        distribution=plugin.distribution,
        version=plugin.version,
        publisher=plugin.publisher,
        fingerprint=plugin.fingerprint,
        refusal=plugin.refusal,
    )


def merge(plugin: Plugin, setup: PluginSetup, given: Mapping[str, Any]) -> list[FieldError]:
    """Puts `given` (field → value; None: forget it) into `setup`; what is wrong with it, and then nothing is put."""
    fields = {known.name: known for known in fields_of(plugin)}
    fixed = current_settings().plugin_values.get(plugin.slug, {})
    errors = [error for name, value in given.items() if (error := _refuse(name, value, fields, fixed)) is not None]
    if errors:
        return errors
    if setup.distribution != plugin.distribution:
        # Another one's secrets, which nothing here can read.
        setup.distribution, setup.secrets = plugin.distribution, {}
    for name, value in given.items():
        known = fields[name]
        setup.values.pop(name, None)
        setup.secrets.pop(name, None)
        if value is None and not (known.nullable and known.default is not None):
            continue
        if known.is_secret and value is not None:
            context = secret_context(plugin.distribution, plugin.slug, name)
            setup.secrets[name] = ports.secrets().encrypt(value, context)
        elif not known.is_secret:
            setup.values[name] = value
    return []


def _refuse(name: str, value: object, fields: Mapping[str, Field], fixed: Mapping[str, object]) -> FieldError | None:
    where = f"config.{name}"
    known = fields.get(name)
    if known is None:
        return FieldError(where, "unknown_field", f"Known here: {', '.join(fields) or 'none'}.")
    if name in fixed:
        return FieldError(where, "set_by_environment", "A variable of the environment sets it. Change it there.")
    if value is not None and known.is_secret and (not isinstance(value, str) or not value):
        return FieldError(where, "invalid", "It takes a text that is not empty; null forgets the stored one.")
    detail = _refuse_value(known, value)
    if detail:
        return FieldError(where, "invalid", detail)
    if known.is_secret and value == SET:
        return FieldError(where, "invalid", f"{SET!r} stands for the stored secret. Leave the field out to keep it.")
    return None


def _refuse_value(known: Field, value: object) -> str:
    """Why no database or answer could hold a value, or why it may not be shown; empty where it can and may."""
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:
        return "NaN and infinite numbers are no settings."
    if len(text) > MOST_CHARACTERS:
        return f"It is longer than {MOST_CHARACTERS} characters."
    if clean(value, Redactor(())) != value:
        return "It has characters that no text may have: NUL, or half of a surrogate pair."
    if known.kind is FieldKind.URL and isinstance(value, str) and has_password(value):
        return "It holds a password, and this field is shown to every administrator. Leave the password out."
    return ""


def has_password(address: str) -> bool:
    """Whether an address names one."""
    try:
        return bool(urlsplit(address).password)
    except ValueError:
        return False
