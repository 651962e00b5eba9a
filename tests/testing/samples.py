"""Good little plugins, as somebody else would write them; `{slug}` stands for the slug."""

PROVIDER = """
import json

from pydantic import SecretStr, ValidationError

from taskflow.plugin_api import (
    AuthError, Completion, Health, Kind, Manifest, Network, PermanentError, PluginConfig, PluginError, TransientError,
    Usage, hookimpl,
)


class Config(PluginConfig):
    base_url: str
    api_key: SecretStr
    model: str = "fake-model"
    timeout_s: float = 30


class Provider:
    name = "chat"

    def __init__(self, ctx):
        self._ctx, self._config = ctx, ctx.config
        self._client = ctx.http(ctx.config.timeout_s)

    async def complete(self, request):
        body = {{
            "model": request.model or self._config.model,
            "messages": [
                {{"role": "system", "content": request.system}},
                {{"role": "user", "content": request.prompt}},
            ],
            "max_tokens": request.max_tokens,
        }}
        answer = await self._client.post(
            self._config.base_url + "/chat/completions",
            json=body,
            headers={{"Authorization": "Bearer " + self._config.api_key.get_secret_value()}},
        )
        if answer.status_code != 200:
            self.refuse(answer)
        try:
            found = answer.json()
            choice = found["choices"][0]
            usage = Usage(**{{name: found["usage"][name] for name in ("prompt_tokens", "completion_tokens")}})
            return Completion(
                text=choice["message"]["content"], model=found["model"], usage=usage,
                truncated=choice["finish_reason"] == "length",
            )
        except (ValueError, LookupError, TypeError, ValidationError) as error:
            raise PermanentError("The server answered something else than a completion.") from None

    def refuse(self, answer):
        said = answer.text[:200].replace(self._config.api_key.get_secret_value(), "***")
        if answer.status_code in (401, 403):
            raise AuthError(f"The server refused the key: {{said}}")
        if answer.status_code == 429:
            after = answer.headers.get("Retry-After", "")
            raise TransientError("Too many requests.", retry_after=float(after) if after.isdigit() else None)
        if answer.status_code >= 500:
            raise TransientError(f"The server failed: {{said}}")
        raise PermanentError(f"The server refused the request: {{said}}")

    async def check(self):
        from taskflow.plugin_api import CompletionRequest

        try:
            answer = await self.complete(CompletionRequest(system="Answer OK.", prompt="OK?", max_tokens=5))
        except PluginError as error:
            return Health(ok=False, error=str(error), next_step="Look at the address and the key.")
        return Health(ok=True, model=answer.model, sample=answer.text[:100])


manifest = Manifest(
    slug="{slug}", name="Chat", kinds={{Kind.LLM_PROVIDER}}, network=Network.CONFIGURED, config=Config
)


@hookimpl
def taskflow_llm_providers(ctx):
    return [Provider(ctx)]


@hookimpl
def taskflow_stop(ctx):
    ctx.log.info("stopped")
"""

PRIORITISER = """
from taskflow.plugin_api import Kind, Manifest, Network, PluginConfig, Reason, Signal, hookimpl


class Config(PluginConfig):
    word: str = "rent"


class Mentions:
    name = "mentions"

    def __init__(self, word):
        self._word = word

    async def prioritise(self, request):
        if self._word not in request.task.title:
            return None
        reason = Reason(code="mentions", text="mentions " + self._word, field="title")
        return Signal(probabilities={{"low": 0.0, "medium": 0.1, "high": 0.3, "urgent": 0.6}}, reasons=(reason,))


manifest = Manifest(slug="{slug}", name="Mentions", kinds={{Kind.PRIORITISER}}, network=Network.NONE, config=Config)


@hookimpl
def taskflow_prioritisers(ctx):
    return [Mentions(ctx.config.word)]
"""

CHANNEL = """
import asyncio
import base64
from email.message import EmailMessage

from pydantic import SecretStr

from taskflow.plugin_api import (
    AuthError, Delivery, Health, Kind, Manifest, Network, PermanentError, PluginConfig, PluginError, TransientError,
    hookimpl,
)


class Config(PluginConfig):
    host: str
    port: int
    password: SecretStr
    timeout_s: float = 30


class Session:
    def __init__(self, reader, writer, password):
        self.reader, self.writer, self.password = reader, writer, password

    async def ask(self, line):
        if line:
            self.writer.write(line + b"\\r\\n")
            await self.writer.drain()
        while True:
            answer = await self.reader.readline()
            if not answer.endswith(b"\\n"):
                raise TransientError("The mail server closed the connection.")
            if not answer[:3].isdigit():
                raise PermanentError("This is no mail server.")
            if answer[3:4] != b"-":
                break
        said = answer.decode(errors="replace").strip().replace(self.password, "***")
        if answer[:3] in (b"530", b"534", b"535"):
            raise AuthError(f"The mail server refused the password: {{said}}")
        if answer[:1] == b"4":
            raise TransientError(f"The mail server said {{said}}")
        if answer[:1] == b"5":
            raise PermanentError(f"The mail server said {{said}}")
        return said

    async def greet(self):
        await self.ask(b"")
        await self.ask(b"EHLO here")
        held = base64.b64encode(b"\\0ada\\0" + self.password.encode())
        await self.ask(b"AUTH PLAIN " + held)


class Mail:
    name = "mail"

    def __init__(self, ctx):
        self._ctx, self._config = ctx, ctx.config

    async def talk(self, then):
        writer = None
        try:
            async with asyncio.timeout(self._config.timeout_s):
                reader, writer = await asyncio.open_connection(self._config.host, self._config.port)
                session = Session(reader, writer, self._config.password.get_secret_value())
                await session.greet()
                return await then(session)
        except (OSError, TimeoutError) as error:
            raise TransientError(f"The mail server cannot be reached: {{type(error).__name__}}") from error
        except ValueError:
            raise PermanentError("This is no mail server.") from None
        finally:
            if writer is not None:
                writer.close()

    async def send(self, message, recipient):
        mail = EmailMessage()
        mail["Subject"] = " ".join(message.subject.split())
        mail["To"] = recipient.email
        mail["Message-ID"] = "<" + "".join(sign for sign in message.key if sign.isascii()).replace(" ", "") + "@here>"
        mail.set_content(message.body)
        data = mail.as_bytes().replace(b"\\r\\n", b"\\n").replace(b"\\n", b"\\r\\n").replace(b"\\r\\n.", b"\\r\\n..")

        async def deliver(session):
            await session.ask(b"MAIL FROM:<tasks@example.org>")
            await session.ask(b"RCPT TO:<" + recipient.email.encode() + b">")
            await session.ask(b"DATA")
            return Delivery(detail=await session.ask(data + b"\\r\\n."))

        return await self.talk(deliver)

    async def check(self):
        try:
            await self.talk(lambda session: session.ask(b"NOOP"))
        except PluginError as error:
            return Health(ok=False, error=str(error), next_step="Look at the host and the password.")
        return Health(ok=True)


manifest = Manifest(
    slug="{slug}", name="Mail", kinds={{Kind.NOTIFICATION_CHANNEL}}, network=Network.CONFIGURED, config=Config
)


@hookimpl
def taskflow_notification_channels(ctx):
    return [Mail(ctx)]
"""

KEYS = """KEYS = (("prompt_tokens", "prompt_eval_count"), ("completion_tokens", "eval_count"))


class Provider:"""

OLLAMA = (
    PROVIDER.replace("/chat/completions", "/api/chat")
    .replace('"max_tokens": request.max_tokens', '"stream": False')
    .replace('choice = found["choices"][0]', "choice = found")
    .replace(
        'found["usage"][name] for name in ("prompt_tokens", "completion_tokens")', "found[key] for name, key in KEYS"
    )
    .replace('choice["finish_reason"]', 'choice["done_reason"]')
    .replace("class Provider:", KEYS)
)

WEBHOOK = """
from pydantic import SecretStr

from taskflow.plugin_api import (
    AuthError, Delivery, Health, Kind, Manifest, Network, PermanentError, PluginConfig, PluginError, TransientError,
    hookimpl,
)


class Config(PluginConfig):
    url: str
    token: SecretStr
    timeout_s: float = 30


class Own(PluginConfig):
    room: str


class Webhook:
    name = "webhook"

    def __init__(self, ctx):
        self._config, self._client = ctx.config, ctx.http(ctx.config.timeout_s)

    async def ask(self, method, path, body=None):
        headers = {{"Authorization": "Bearer " + self._config.token.get_secret_value()}}
        answer = await self._client.request(method, self._config.url + path, json=body, headers=headers)
        if answer.status_code in (401, 403):
            raise AuthError("The token was refused.")
        if answer.status_code == 429:
            after = answer.headers.get("Retry-After", "")
            raise TransientError("Too many messages.", retry_after=float(after) if after.isdigit() else None)
        if answer.status_code >= 500:
            raise TransientError("The service failed.")
        if answer.status_code != 200:
            raise PermanentError(f"The service answered {{answer.status_code}}.")

    async def send(self, message, recipient):
        await self.ask("POST", "/rooms/" + recipient.settings.room, {{"title": message.subject, "text": message.body}})
        return Delivery()

    async def check(self):
        try:
            await self.ask("GET", "/")
        except PluginError as error:
            return Health(ok=False, error=str(error), next_step="Look at the address and the token.")
        return Health(ok=True)


manifest = Manifest(
    slug="{slug}", name="Webhook", kinds={{Kind.NOTIFICATION_CHANNEL}}, network=Network.CONFIGURED, config=Config,
    user_config=Own,
)


@hookimpl
def taskflow_notification_channels(ctx):
    return [Webhook(ctx)]
"""

ASKING = """
from taskflow.plugin_api import (
    AuthError, Kind, Manifest, Network, PermanentError, PluginConfig, Signal, TransientError, hookimpl,
)


class Config(PluginConfig):
    url: str
    timeout_s: float = 30


class Asking:
    name = "asking"

    def __init__(self, ctx):
        self._url, self._client = ctx.config.url, ctx.http(ctx.config.timeout_s)

    async def prioritise(self, request):
        answer = await self._client.post(self._url, json={{"title": request.task.title}})
        if answer.status_code in (401, 403):
            raise AuthError("The service refused us.")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise TransientError("The service is busy.", retry_after=self.when(answer.headers.get("Retry-After", "")))
        if answer.status_code != 200:
            raise PermanentError("The service does not know us.")
        try:
            return Signal(probabilities=answer.json()["probabilities"])
        except (ValueError, LookupError, TypeError):
            return None

    def when(self, after):
        return float(after) if after.isdigit() else None


manifest = Manifest(
    slug="{slug}", name="Asking", kinds={{Kind.PRIORITISER}}, network=Network.CONFIGURED, config=Config
)


@hookimpl
def taskflow_prioritisers(ctx):
    return [Asking(ctx)]
"""
