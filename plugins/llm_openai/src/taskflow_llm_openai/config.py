"""The settings that an administrator fills in."""

from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr, field_validator

from taskflow.plugin_api import PluginConfig


class Config(PluginConfig):
    """Where the server is, which model it is asked for, and how long it may take."""

    # What was refused may be a key.
    base_url: Annotated[
        HttpUrl,
        Field(
            title="Address",
            description="Where the server's API begins, mostly ending in /v1: http://127.0.0.1:11434/v1 for Ollama, "
            "http://127.0.0.1:8000/v1 for vLLM.",
        ),
    ] = HttpUrl("https://api.openai.com/v1")
    api_key: Annotated[
        SecretStr | None,
        Field(title="API key", description="Sent as a bearer token. Servers on your own machines mostly need none."),
    ] = None
    model: Annotated[
        str,
        Field(
            title="Model",
            description="The model's name, exactly as the server knows it.",
            min_length=1,
            max_length=200,
        ),
    ]
    timeout_s: Annotated[
        float,
        Field(
            title="Time limit (seconds)",
            description="What an answer may take, repeated attempts included.",
            ge=0.5,
            le=60,
        ),
    ] = 20.0
    max_retries: Annotated[
        int,
        Field(
            title="Repetitions",
            description="How often a request is repeated when the server is busy or cannot be reached, "
            "within the time limit.",
            ge=0,
            le=5,
        ),
    ] = 1
    trusted: Annotated[
        bool,
        Field(
            title="Trusted",
            description="Only for a server under your own control: it is then asked about the tasks of every project. "
            "Otherwise a project has to allow remote models.",
        ),
    ] = False
    able: Annotated[
        bool,
        Field(
            title="Able",
            description="The model is large enough to give reasons in its own words. They are then shown, marked as "
            "the model's.",
        ),
    ] = False

    @field_validator("base_url")
    @classmethod
    def _hold_no_password(cls, value: HttpUrl) -> HttpUrl:
        if value.username or value.password:
            raise ValueError("it holds a user or a password, which anybody could read here; put it into api_key")
        if value.query or value.fragment:
            raise ValueError("it has more than scheme, host, port and path")
        return value

    @property
    def key(self) -> str:
        """The API key in clear; empty without one."""
        return "" if self.api_key is None else self.api_key.get_secret_value()

    @property
    def host(self) -> str:
        """What to call the server in messages."""
        usual = {"http": 80, "https": 443}[self.base_url.scheme]
        return f"{self.base_url.host}" + ("" if self.base_url.port == usual else f":{self.base_url.port}")
