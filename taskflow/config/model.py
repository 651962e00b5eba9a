"""The settings model. Each field carries what it takes and what it does; the table in the docs is made from that."""

import socket
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, JsonValue, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from taskflow.config import checks
from taskflow.config.addresses import IPNetwork, is_allowed, is_loopback
from taskflow.config.email import SmtpServer, parse_smtp_url
from taskflow.config.names import PREFIX
from taskflow.config.paths import default_data_dir

Secrets = Annotated[tuple[SecretStr, ...], NoDecode, AfterValidator(checks.fernet_keys)]
Networks = Annotated[tuple[IPNetwork, ...], NoDecode]
HostNames = Annotated[tuple[str, ...], NoDecode, AfterValidator(checks.host_names)]
Hosts = Annotated[tuple[str, ...], NoDecode, AfterValidator(checks.hosts_or_networks)]
Slugs = Annotated[tuple[str, ...], NoDecode, AfterValidator(checks.slugs)]
Origin = Annotated[str, AfterValidator(checks.origin)]
Mailbox = Annotated[str, AfterValidator(checks.mailbox)]
Token = Annotated[SecretStr, AfterValidator(checks.at_least(16))]

ON_OFF = "on or off"


def _host_of(address: str | SecretStr) -> str:
    text = address if isinstance(address, str) else address.get_secret_value()
    return urlsplit(text).hostname or ""


def setting(default: Any, *, takes: str, about: str, secret: bool = False, shown: str = "") -> Any:
    """A field: its default, what it takes (for errors and docs), what it does, and how the docs show the default."""
    extra: dict[str, JsonValue] = {"takes": takes, "secret": secret, "shown": shown}
    factory: dict[str, Any] = {"default_factory": default} if callable(default) else {"default": default}
    return Field(description=about, json_schema_extra=extra, **factory)


class Settings(BaseSettings):
    """All that can be set about an instance. Frozen. Build it with `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = setting(
        default_data_dir,
        takes="a folder's path",
        about="Where the database, keys, backups and the local socket are.",
        shown="`data` in a checkout, else `$XDG_DATA_HOME/taskflow`",
    )
    database_url: Annotated[SecretStr, AfterValidator(checks.database)] | None = setting(
        None,
        takes="sqlite:///path or postgres://user:password@host:port/name?pool=12&pgbouncer=false&sslmode=…",
        about="The database. `pool`: the most connections of a process; `pgbouncer=true`: behind PgBouncer in "
        "transaction mode.",
        secret=True,
        shown="SQLite in the data folder",
    )
    secret_key: Annotated[SecretStr, AfterValidator(checks.at_least(32))] | None = setting(
        None,
        takes="at least 32 random characters",
        about="Signs sessions and links.",
        secret=True,
        shown="created in the data folder",
    )
    secret_keys: Secrets = setting(
        (),
        takes="Fernet keys (32 bytes in URL-safe base64) separated by commas, newest first",
        about="The encryption key ring: the first key encrypts, all decrypt.",
        secret=True,
        shown="created in the data folder",
    )
    allowed_hosts: HostNames = setting(
        (),
        takes="host names separated by commas, *.example.org written as .example.org, * for any",
        about="Host names that requests may carry, beside this machine's own and that of TASKFLOW_PUBLIC_URL.",
    )
    public_url: Origin | None = setting(
        None,
        takes="an address such as https://tasks.example.org, without a path",
        about="The address that people use; e-mails and links begin with it, https makes cookies secure.",
        shown="`http://localhost:PORT`",
    )
    trusted_proxies: Networks = setting(
        (),
        takes="IP addresses or networks separated by commas",
        about="Proxies whose X-Forwarded-For and X-Forwarded-Proto headers are believed; nobody else's are.",
    )
    metrics_token: Token | None = setting(
        None,
        takes="at least 16 characters",
        about="Bearer token for /metrics; without it only loopback may read them.",
        secret=True,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", takes="debug, info, warning or error", about="The least severe messages that are logged."
    )
    rate_limits: bool = setting(True, takes=ON_OFF, about="Whether requests and sign-ins are limited.")
    email_url: Annotated[SecretStr, AfterValidator(checks.smtp)] | None = setting(
        None,
        takes="smtp://user:password@host:port?tls=starttls|implicit|off",
        about="The mail server; without one no mail is sent.",
        secret=True,
    )
    email_from: Mailbox = setting(
        "TaskFlow <taskflow@localhost>",
        takes="an address such as TaskFlow <tasks@example.org>",
        about="The sender of every mail.",
    )
    email_verification: Literal["none", "optional", "mandatory"] | None = setting(
        None,
        takes="none, optional or mandatory",
        about="Whether a new account must confirm its e-mail address.",
        shown="mandatory with TASKFLOW_EMAIL_URL, else none",
    )
    registration: Literal["open", "closed"] | None = setting(
        None,
        takes="open or closed",
        about="Whether people may create an account by themselves.",
        shown="open when bound to loopback, else closed",
    )
    local_accounts: bool = setting(True, takes=ON_OFF, about="Whether people sign in with a password kept here.")
    require_mfa: Literal["off", "admin", "all"] = setting(
        "off", takes="off, admin or all", about="Who must have a second factor: nobody, site admins, everybody."
    )
    admin_username: str | None = setting(
        None, takes="a user name", about="Creates the first administrator at start if there is none."
    )
    admin_email: Mailbox | None = setting(None, takes="an e-mail address", about="The first administrator's address.")
    admin_password: SecretStr | None = setting(
        None, takes="a password", about="The first administrator's password.", secret=True
    )
    attachments_mb: Annotated[int, AfterValidator(checks.not_negative)] = setting(
        1024, takes="a whole number of megabytes, 0 for none", about="How much the files of one project may take."
    )
    offline: bool = setting(
        False, takes=ON_OFF, about="Refuses connections to anything but loopback and TASKFLOW_OUTBOUND_ALLOW."
    )
    outbound_allow: Hosts = setting(
        (),
        takes="hosts, IP addresses or networks separated by commas",
        about="What may be reached under TASKFLOW_OFFLINE beside loopback.",
    )
    gateway_url: Origin | None = setting(
        None,
        takes="an address such as http://gateway.internal:8100, without a path",
        about="The gateway that asks language models; it is started with `taskflow gateway`.",
        shown="one of the worker's own, on loopback",
    )
    gateway_token: Token | None = setting(
        None,
        takes="at least 16 characters",
        about="What the core shows to the gateway of TASKFLOW_GATEWAY_URL, and what `taskflow gateway` asks for.",
        secret=True,
    )
    broker_url: Annotated[SecretStr, AfterValidator(checks.amqp)] | None = setting(
        None,
        takes="amqp://user:password@host:port/vhost",
        about="The RabbitMQ that `taskflow gateway` publishes events to; nothing else uses it in this release.",
        secret=True,
    )
    safe_mode: bool = setting(False, takes=ON_OFF, about="Runs no plugin, and looks into none.")
    plugins: Slugs | None = setting(
        None,
        takes="slugs separated by commas, each with a version where only that one may run, as llm_openai==0.1.0",
        about="The plugins that may be looked into and run; none for a dash (`-`).",
        shown="every installed one",
    )
    strict_plugins: bool = setting(
        False,
        takes=ON_OFF,
        about="Refuses the start where an enabled plugin cannot be used, as tests of a set-up want.",
    )

    #: Settings of plugins, slug → field → text, from `TASKFLOW_PLUGIN_<SLUG>__<FIELD>`. Any of them may be a secret.
    plugin_values: dict[str, dict[str, SecretStr]] = Field(default_factory=dict, exclude=True)

    #: Where the server listens: arguments of `taskflow up`, no environment variables.
    bind_host: str = Field(default="127.0.0.1", exclude=True)
    bind_port: int = Field(default=8000, ge=1, le=65535, exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but arguments: `load_settings` reads the environment it was given, so that no other one leaks in."""
        return (init_settings,)

    @field_validator(
        "secret_keys",
        "allowed_hosts",
        "trusted_proxies",
        "outbound_allow",
        "plugins",
        mode="before",
        check_fields=True,
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        path = value.expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise ValueError("it is a file, not a folder")
        return path

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.email_url is None and self.email_verification in {"optional", "mandatory"}:
            raise ValueError(
                f"EMAIL_VERIFICATION: {self.email_verification} needs a mail server|Set TASKFLOW_EMAIL_URL, or none."
            )
        if self.smtp is not None and not self.may_reach(self.smtp.host):
            raise ValueError(
                f"EMAIL_URL: {self.smtp.host} must not be reached under TASKFLOW_OFFLINE"
                f"|Add {self.smtp.host} to TASKFLOW_OUTBOUND_ALLOW or use a mail server on loopback."
            )
        if self.gateway_url is not None and self.gateway_token is None:
            raise ValueError("GATEWAY_TOKEN: it is missing while TASKFLOW_GATEWAY_URL is set|Set both.")
        for name in ("gateway_url", "broker_url"):
            given = getattr(self, name)
            host = _host_of(given) if given is not None else ""
            if host and not self.may_reach(host):
                raise ValueError(
                    f"{name.upper()}: {host} must not be reached under TASKFLOW_OFFLINE"
                    f"|Add {host} to TASKFLOW_OUTBOUND_ALLOW or use one on loopback."
                )
        if (self.admin_username is None) != (self.admin_password is None):
            there, missing = ("USERNAME", "PASSWORD") if self.admin_username else ("PASSWORD", "USERNAME")
            raise ValueError(
                f"ADMIN_{missing}: it is missing while TASKFLOW_ADMIN_{there} is set|Set both, or neither of them."
            )
        if self.admin_email is not None and self.admin_username is None:
            raise ValueError("ADMIN_EMAIL: it is set without TASKFLOW_ADMIN_USERNAME|Set both, or neither of them.")
        return self

    @cached_property
    def smtp(self) -> SmtpServer | None:
        """The mail server, or None without one."""
        return None if self.email_url is None else parse_smtp_url(self.email_url.get_secret_value())

    def may_reach(self, host: str) -> bool:
        """Whether a connection to `host` is allowed: always, except under `offline` to what is neither loopback nor
        in `outbound_allow`."""
        return not self.offline or is_loopback(host) or is_allowed(host, self.outbound_allow)

    def refuse_plugin(self, slug: str, version: str) -> str:
        """Why the settings do not let a plugin be looked into or run; empty where they do."""
        if self.safe_mode:
            return "TASKFLOW_SAFE_MODE is on: no plugin is looked into."
        if self.plugins is None or slug in self.plugins or f"{slug}=={version}" in self.plugins:
            return ""
        versions = [entry.partition("==")[2] for entry in self.plugins if entry.startswith(f"{slug}==")]
        if versions:
            return f"TASKFLOW_PLUGINS wants version {' or '.join(versions)}; {version} is installed."
        return f"TASKFLOW_PLUGINS does not name it. Add {slug} there."

    @property
    def database_address(self) -> str:
        """The database's address with its password: the one set, or SQLite in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{quote(str(self.data_dir / 'taskflow.sqlite3'))}"

    @property
    def is_bound_to_all(self) -> bool:
        """Whether the server listens on every address of this machine."""
        return self.bind_host in {"0.0.0.0", "::"}  # noqa: S104 - a comparison, not a default

    @property
    def base_url(self) -> str:
        """The address that people use, without a trailing slash."""
        if self.public_url:
            return self.public_url
        host = "localhost" if is_loopback(self.bind_host) or self.is_bound_to_all else self.bind_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.bind_port}"

    @property
    def is_https(self) -> bool:
        """Whether people reach the instance over TLS."""
        return self.base_url.startswith("https://")

    @property
    def effective_email_verification(self) -> Literal["none", "optional", "mandatory"]:
        """What was set, else mandatory where mail can be sent, else none."""
        return self.email_verification or ("mandatory" if self.email_url is not None else "none")

    @property
    def registration_is_open(self) -> bool:
        """What was set, else open only when nobody but this machine can connect."""
        if self.registration is not None:
            return self.registration == "open"
        return is_loopback(self.bind_host)

    @property
    def effective_allowed_hosts(self) -> tuple[str, ...]:
        """Hosts that requests may name: those set, loopback, that of `base_url`, and this machine's
        name where the server listens on every address."""
        named = urlsplit(self.base_url).hostname or "localhost"
        own = f"[{named}]" if ":" in named else named
        machine = (socket.gethostname(),) if self.is_bound_to_all else ()
        return tuple(dict.fromkeys((*self.allowed_hosts, "localhost", "127.0.0.1", "[::1]", own, *machine)))
