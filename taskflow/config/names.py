"""Names of environment variables: the prefix, secrets in files, and names that a later release reads."""

PREFIX = "TASKFLOW_"
FILE_SUFFIX = "_FILE"

#: Names of the published contract that this release has nothing to do with. Accepting them silently would promise
#: an effect that does not exist, so they stop the start with what they stand for.
LATER: dict[str, str] = {
    "BROKER_URL": "a message broker",
    "REDIS_URL": "Redis",
    "GATEWAY_URL": "the model gateway",
    "GATEWAY_TOKEN": "the model gateway",
    "OIDC_ISSUER": "OpenID Connect",
    "OIDC_CLIENT_ID": "OpenID Connect",
    "OIDC_CLIENT_SECRET": "OpenID Connect",
    "OIDC_AUDIENCE": "OpenID Connect",
    "OIDC_ROLE_MAP": "OpenID Connect",
    "SAFE_MODE": "plugins",
    "PLUGINS": "plugins",
    "STRICT_PLUGINS": "plugins",
    "EVENT_REPLAY_DAYS": "event replay over WebSocket",
}

#: Names that the client commands read (`taskflow login`, `add`, `list` …). They say nothing about an instance, which
#: leaves them alone: a shell that has them may start one too.
CLIENT = frozenset({"CLIENT_URL", "CLIENT_TOKEN"})

#: Prefix of per-plugin names, `PLUGIN_<SLUG>__<FIELD>`.
LATER_PREFIX = "PLUGIN_"


def find_later(name: str) -> str | None:
    """What the name (without prefix) stands for in a later release, or None."""
    bare = name.removesuffix(FILE_SUFFIX)
    if bare in LATER:
        return LATER[bare]
    if bare.startswith(LATER_PREFIX) and "__" in bare:
        return "plugins"
    return None
