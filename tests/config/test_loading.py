"""Settings from an environment: values, defaults, and one line for each mistake."""

from pathlib import Path

import pytest

from taskflow.config import ConfigError, load_settings
from taskflow.config.names import CLIENT, PREFIX

FERNET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def refusal(env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(env)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_empty_environment_gives_a_working_instance() -> None:
    settings = load_settings({})
    assert settings.database_address.startswith("sqlite:///")
    assert settings.base_url == "http://localhost:8000"
    assert settings.effective_email_verification == "none"
    assert settings.registration_is_open
    assert settings.require_mfa == "off"


def test_variables_without_the_prefix_and_empty_ones_are_ignored() -> None:
    assert load_settings({"LOG_LEVEL": "nonsense", "TASKFLOW_LOG_LEVEL": ""}).log_level == "info"


def test_lists_are_separated_by_commas() -> None:
    settings = load_settings(
        {"TASKFLOW_ALLOWED_HOSTS": "a.example, .b.example,", "TASKFLOW_TRUSTED_PROXIES": "10.0.0.0/8,::1"}
    )
    assert settings.allowed_hosts == ("a.example", ".b.example")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False), ("1", True), ("false", False)])
def test_switches_take_on_and_off(word: str, value: bool) -> None:
    assert load_settings({"TASKFLOW_RATE_LIMITS": word}).rate_limits is value


def test_arguments_win_over_the_environment(tmp_path: Path) -> None:
    env = {"TASKFLOW_DATA_DIR": "/nowhere"}
    assert load_settings(env, {"data_dir": tmp_path}).data_dir == tmp_path


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}).log_level = "debug"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("TASKFLOW_LOGLEVEL", "TASKFLOW_LOG_LEVEL"),
        ("TASKFLOW_BROKR_URL", "TASKFLOW_BROKER_URL"),
        ("TASKFLOW_ALLOWED_HOST", "TASKFLOW_ALLOWED_HOSTS"),
        ("TASKFLOW_SECRET_KEYS_FIL", "TASKFLOW_SECRET_KEYS_FILE"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(wrong: str, nearest: str) -> None:
    text = refusal({wrong: "x"})
    assert text.startswith(wrong + ":")
    assert nearest in text


@pytest.mark.parametrize("name", ["REDIS_URL", "OIDC_CLIENT_SECRET_FILE", "OIDC_ISSUER"])
def test_a_name_of_a_later_release_is_refused_as_such(name: str) -> None:
    assert "this release does not have" in refusal({f"TASKFLOW_{name}": "x"})


def test_a_gateway_needs_its_token_and_an_address_that_may_be_reached() -> None:
    assert "TASKFLOW_GATEWAY_TOKEN" in refusal({"TASKFLOW_GATEWAY_URL": "http://gateway.example.org:8100"})
    both = {"TASKFLOW_GATEWAY_URL": "http://gateway.example.org:8100", "TASKFLOW_GATEWAY_TOKEN": "a" * 16}
    assert load_settings(both).gateway_url == "http://gateway.example.org:8100"
    assert "TASKFLOW_OFFLINE" in refusal(both | {"TASKFLOW_OFFLINE": "on"})
    assert "fewer than 16" in refusal(both | {"TASKFLOW_GATEWAY_TOKEN": "short"})
    assert "amqp://" in refusal({"TASKFLOW_BROKER_URL": "redis://127.0.0.1"})
    assert "planted" not in refusal({"TASKFLOW_BROKER_URL": "http://a:planted@127.0.0.1"})


def test_settings_of_plugins_are_kept_by_slug_and_field_and_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("from-a-file\n")
    settings = load_settings(
        {
            "TASKFLOW_PLUGIN_LLM_OPENAI__BASE_URL": "http://127.0.0.1:9000/v1",
            "TASKFLOW_PLUGIN_LLM_OPENAI__API_KEY_FILE": str(secret),
            "TASKFLOW_PLUGIN_NOTIFY_EMAIL__URL": "",
        }
    )
    fields = settings.plugin_values["llm_openai"]
    assert {name: value.get_secret_value() for name, value in fields.items()} == {
        "base_url": "http://127.0.0.1:9000/v1",
        "api_key": "from-a-file",
    }
    assert "notify_email" not in settings.plugin_values
    assert "from-a-file" not in repr(settings)


@pytest.mark.parametrize("name", ["PLUGIN_LLM_OPENAI", "PLUGIN_LLM_OPENAI_MODEL", "PLUGIN___MODEL", "PLUGIN_a__b"])
def test_a_plugins_setting_without_slug_or_field_is_refused_with_its_form(name: str) -> None:
    assert "TASKFLOW_PLUGIN_<SLUG>__<FIELD>" in refusal({f"TASKFLOW_{name}": "x"})


@pytest.mark.parametrize(
    ("value", "slug", "version", "refused"),
    [
        ("llm_openai", "llm_openai", "1.0", False),
        ("llm_openai==1.0", "llm_openai", "1.0", False),
        ("llm_openai==1.0", "llm_openai", "1.1", True),
        ("llm_openai, other", "third", "1.0", True),
        ("-", "llm_openai", "1.0", True),
    ],
)
def test_the_allow_list_names_plugins_and_versions(value: str, slug: str, version: str, refused: bool) -> None:
    assert bool(load_settings({"TASKFLOW_PLUGINS": value}).refuse_plugin(slug, version)) is refused


@pytest.mark.parametrize("value", ["LLM", "a==", "a>=1", "a b"])
def test_an_allow_list_of_another_form_is_refused(value: str) -> None:
    assert "slug==version" in refusal({"TASKFLOW_PLUGINS": value})


def test_bind_address_is_an_argument_and_not_a_variable() -> None:
    assert "no such setting" in refusal({"TASKFLOW_BIND_PORT": "1"})


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"LOG_LEVEL": "loud"}, ["TASKFLOW_LOG_LEVEL", "loud", "debug, info, warning or error"]),
        ({"OFFLINE": "perhaps"}, ["TASKFLOW_OFFLINE", "perhaps", "on or off"]),
        ({"PUBLIC_URL": "tasks.example.org"}, ["TASKFLOW_PUBLIC_URL", "https://"]),
        ({"PUBLIC_URL": "https://a.example/tasks"}, ["TASKFLOW_PUBLIC_URL", "without a path"]),
        ({"DATABASE_URL": "mysql://u:secret-word@h/d"}, ["TASKFLOW_DATABASE_URL", "sqlite://"]),
        ({"TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, ["TASKFLOW_TRUSTED_PROXIES", "proxy", "networks"]),
        ({"SECRET_KEY": "short"}, ["TASKFLOW_SECRET_KEY", "32"]),
        ({"SECRET_KEYS": FERNET + ",secret-word"}, ["TASKFLOW_SECRET_KEYS", "key 2"]),
        ({"EMAIL_URL": "smtp://user:secret-word@"}, ["TASKFLOW_EMAIL_URL", "host", "smtp://"]),
        ({"EMAIL_URL": "smtp://h?tls=maybe"}, ["TASKFLOW_EMAIL_URL", "starttls"]),
        ({"EMAIL_VERIFICATION": "mandatory"}, ["TASKFLOW_EMAIL_VERIFICATION", "TASKFLOW_EMAIL_URL"]),
        ({"ADMIN_USERNAME": "root"}, ["TASKFLOW_ADMIN_PASSWORD"]),
        ({"REQUIRE_MFA": "some"}, ["TASKFLOW_REQUIRE_MFA", "off, admin or all"]),
    ],
)
def test_a_wrong_value_names_the_variable_the_fault_and_what_it_takes(env: dict[str, str], words: list[str]) -> None:
    text = refusal({f"TASKFLOW_{name}": value for name, value in env.items()})
    for word in words:
        assert word in text
    assert "secret-word" not in text


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("0123456789abcdef\n")
    token = load_settings({"TASKFLOW_METRICS_TOKEN_FILE": str(file)}).metrics_token
    assert token is not None
    assert token.get_secret_value() == "0123456789abcdef"


def test_a_secret_file_that_is_missing_empty_or_doubled_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    assert "cannot read" in refusal({"TASKFLOW_SECRET_KEY_FILE": str(tmp_path / "missing")})
    assert "is empty" in refusal({"TASKFLOW_SECRET_KEY_FILE": str(empty)})
    assert "is set too" in refusal({"TASKFLOW_SECRET_KEY_FILE": str(empty), "TASKFLOW_SECRET_KEY": "x" * 40})


def test_only_secrets_have_a_file_variant() -> None:
    assert "no such setting" in refusal({"TASKFLOW_LOG_LEVEL_FILE": "/dev/null"})


def test_no_secret_shows_in_a_settings_repr() -> None:
    env = {
        "TASKFLOW_SECRET_KEY": "k" * 40,
        "TASKFLOW_SECRET_KEYS": FERNET,
        "TASKFLOW_DATABASE_URL": "postgres://u:kkkkkkkk@h/d",
        "TASKFLOW_EMAIL_URL": "smtp://u:kkkkkkkk@localhost",
        "TASKFLOW_ADMIN_USERNAME": "root",
        "TASKFLOW_ADMIN_PASSWORD": "kkkkkkkk",
        "TASKFLOW_METRICS_TOKEN": "k" * 20,
    }
    settings = load_settings(env)
    assert settings.smtp is not None
    text = repr(settings) + repr(settings.smtp) + str(settings)
    assert "kkkk" not in text
    assert FERNET not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "mail.example.org", "10.1.2.3"])
def test_offline_lets_mail_go_to_loopback_and_to_what_is_allowed(host: str) -> None:
    env = {
        "TASKFLOW_OFFLINE": "on",
        "TASKFLOW_EMAIL_URL": f"smtp://{host}",
        "TASKFLOW_OUTBOUND_ALLOW": "MAIL.example.org,10.0.0.0/8",
    }
    assert load_settings(env).effective_email_verification == "mandatory"


def test_offline_refuses_a_mail_server_elsewhere() -> None:
    text = refusal({"TASKFLOW_OFFLINE": "on", "TASKFLOW_EMAIL_URL": "smtp://mail.example.org"})
    assert text.startswith("TASKFLOW_EMAIL_URL:")
    assert "TASKFLOW_OUTBOUND_ALLOW" in text


def test_registration_is_closed_by_default_where_others_can_connect() -> None:
    assert not load_settings({}, {"bind_host": "0.0.0.0"}).registration_is_open
    assert load_settings({"TASKFLOW_REGISTRATION": "open"}, {"bind_host": "0.0.0.0"}).registration_is_open
    assert not load_settings({"TASKFLOW_REGISTRATION": "closed"}).registration_is_open


def test_the_public_address_counts_as_an_allowed_host() -> None:
    settings = load_settings({"TASKFLOW_PUBLIC_URL": "https://tasks.example.org/"})
    assert "tasks.example.org" in settings.effective_allowed_hosts
    assert settings.base_url == "https://tasks.example.org"
    assert settings.is_https


def test_what_the_client_commands_read_is_none_of_an_instances_business() -> None:
    from taskflow.interfaces.cli.client.logins import TOKEN_VARIABLE, URL_VARIABLE

    assert {URL_VARIABLE, TOKEN_VARIABLE} == {PREFIX + name for name in CLIENT}
    load_settings({URL_VARIABLE: "http://localhost:8000", TOKEN_VARIABLE: "tfp_x"})
    with pytest.raises(ConfigError, match="The nearest known name is TASKFLOW_CLIENT_TOKEN"):
        load_settings({"TASKFLOW_CLIENT_TOKN": "tfp_x"})
