"""Names of environment variables: the prefix, secrets in files, and names that a later release reads."""

import re

PREFIX = "TASKFLOW_"
FILE_SUFFIX = "_FILE"

#: Names of the published contract that this release has nothing to do with. Accepting them silently would promise
#: an effect that does not exist, so they stop the start with what they stand for.
LATER: dict[str, str] = {
    "REDIS_URL": "Redis",
    "OIDC_ISSUER": "OpenID Connect",
    "OIDC_CLIENT_ID": "OpenID Connect",
    "OIDC_CLIENT_SECRET": "OpenID Connect",
    "OIDC_AUDIENCE": "OpenID Connect",
    "OIDC_ROLE_MAP": "OpenID Connect",
    "EVENT_REPLAY_DAYS": "event replay over WebSocket",
}

#: Names that the client commands read (`taskflow login`, `add`, `list` …). They say nothing about an instance, which
#: leaves them alone: a shell that has them may start one too.
CLIENT = frozenset({"CLIENT_URL", "CLIENT_TOKEN"})

#: Prefix of plugins' own settings, `PLUGIN_<SLUG>__<FIELD>`.
PLUGIN_PREFIX = "PLUGIN_"
_PLUGIN_NAME = re.compile(r"PLUGIN_([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)__([A-Z][A-Z0-9_]*)")


def find_later(name: str) -> str | None:
    """What the name (without prefix) stands for in a later release, or None."""
    return LATER.get(name.removesuffix(FILE_SUFFIX))


def read_plugin_name(name: str) -> tuple[str, str] | None:
    """Slug and field of a plugin's setting, from its name without prefix and `_FILE`; None where it is none."""
    found = _PLUGIN_NAME.fullmatch(name)
    return None if found is None else (found[1].lower(), found[2].lower())
