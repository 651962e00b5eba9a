"""Each promise on calls: a plugin that breaks it is found out by the test meant for it."""

from collections.abc import Callable

import httpx
import pytest

from taskflow.plugin_api import AuthError
from taskflow.testing.servers import Fault
from tests.testing.broken import Broken, expect_it_is_found_out
from tests.testing.good import Channel, Prioritiser, Provider

FAULT, CANCEL, BLOCKED = (
    "test_a_fault_becomes_the_right_error",
    "test_a_call_may_be_cancelled_at_any_await",
    "test_the_loop_is_never_blocked",
)
START = '        body = {{\n            "model"'
KEY = "self._config.api_key.get_secret_value()"
CLIENT = "ctx.http(ctx.config.timeout_s)"
OWN_CLIENT = "__import__('httpx').AsyncClient(timeout=ctx.config.timeout_s)"
CATCH = "except (ValueError, LookupError, TypeError, ValidationError) as error:"
SEND = (
    "from datetime import UTC, datetime\n            from taskflow.plugin_api import Message, Recipient\n"
    "            message = Message(key='k', event='check', subject='Test', body='x', time=datetime.now(UTC))\n"
    "            await self.send(message, Recipient(username='ada', email='ada@example.org'))"
)

pytestmark = pytest.mark.thorough


def before(code: str, test: str, says: str, **more: object) -> Broken:
    """The provider with a line at the beginning of each call."""
    return Broken(Provider, START, f"        {code}\n{START}", test, says, **more)  # type: ignore[arg-type]


def refusing(old: str, new: str, fault: Fault, says: str) -> Broken:
    return Broken(Provider, old, new, FAULT, says, fault)


def call(wrapped: str, test: str, says: str) -> Broken:
    """The provider whose one request goes through `async def post(self, send)`."""
    old = "    async def complete(self, request):"
    body = wrapped.replace("{", "{{").replace("}", "}}")
    code = f"    async def complete(self, request):\n{body}\n\n    async def inner(self, request):"
    return Broken(Provider, old, code, test, says)


BROKEN = {
    # Errors.
    "raw error of the client": Broken(
        Provider, CLIENT, OWN_CLIENT, "test_a_refused_connection_is_transient", "", error=httpx.ConnectError
    ),
    "raw error of a cut answer": Broken(
        Provider, CLIENT, OWN_CLIENT, FAULT, "", Fault.CUT, error=httpx.RemoteProtocolError
    ),
    "raw error of garbage": Broken(
        Provider, CATCH, "except LookupError as error:", FAULT, "", Fault.GARBAGE, error=ValueError
    ),
    "raw error of another shape": Broken(
        Provider, CATCH, "except (ValueError, LookupError) as error:", FAULT, "", Fault.WRONG_JSON, error=TypeError
    ),
    "an answer made of garbage": Broken(
        Provider,
        'raise PermanentError("The server answered something else',
        'return Completion(text="")\n            raise PermanentError("The server answered something else',
        FAULT,
        "must become PermanentError or TransientError",
        Fault.GARBAGE,
    ),
    "an answer made of ten megabytes": Broken(
        Provider,
        START,
        f"        try:\n            return await self.inner(request)\n"
        f"        except PermanentError:\n            return Completion(text='x')\n\n"
        f"    async def inner(self, request):\n{START}",
        FAULT,
        "TEN_MEGABYTES must become PermanentError or TransientError",
        Fault.TEN_MEGABYTES,
    ),
    "401 is permanent": refusing("raise AuthError(", "raise PermanentError(", Fault.UNAUTHORISED, "AuthError"),
    "403 is permanent": refusing("in (401, 403)", "in (401,)", Fault.FORBIDDEN, "FORBIDDEN must become AuthError"),
    "404 is transient": refusing("status_code >= 500", "status_code >= 404", Fault.NOT_FOUND, "PermanentError"),
    "429 is permanent": refusing("status_code == 429", "status_code == 430", Fault.TOO_MANY, "TransientError"),
    "500 is permanent": refusing("status_code >= 500", "status_code > 500", Fault.SERVER_ERROR, "TransientError"),
    "an error says nothing": refusing('f"The server refused the key: {{said}}"', '""', Fault.UNAUTHORISED, "nothing"),
    "Retry-After is ignored": Broken(
        Provider, "retry_after=float(after)", "retry_after=None", "test_it_passes_on_when_to_come_back", "is None"
    ),
    "a date in Retry-After raises": Broken(
        Provider,
        "float(after) if after.isdigit() else None",
        "float(after)",
        "test_it_passes_on_when_to_come_back",
        "could not convert",
        error=ValueError,
    ),
    # Time.
    "no time limit on a whole answer": Broken(Provider, CLIENT, OWN_CLIENT, FAULT, "had not answered", Fault.DRIP),
    "no time limit": Broken(Provider, CLIENT, "ctx.http(60)", FAULT, "had not answered", Fault.HANG),
    "a check without time limit": before(
        "if request.max_tokens == 5: await __import__('asyncio').sleep(4)",
        "test_a_check_finds_a_healthy_backend",
        "had not answered",
    ),
    # The loop.
    "it sleeps": before("__import__('time').sleep(0.5)", BLOCKED, "blocks the event loop"),
    "it computes": before("sum(range(12_000_000))", BLOCKED, "blocks the event loop"),
    "it waits for a server": before(
        "__import__('urllib.request').request.urlopen(self._config.base_url + '/models').read()",
        BLOCKED,
        "blocks the event loop",
    ),
    "its first call blocks": before(
        "globals().setdefault('_late', []) or (_late.append(1), __import__('time').sleep(0.5))",
        BLOCKED,
        "blocks the event loop",
    ),
    # Secrets.
    "a secret in an error": refusing(f'.replace({KEY}, "***")', "", Fault.UNAUTHORISED, "contains a secret"),
    "a secret in an error's cause": refusing(
        'raise AuthError(f"The server refused the key: {{said}}")',
        'raise AuthError("No.") from ValueError(answer.text)',
        Fault.UNAUTHORISED,
        "or its cause, contains a secret",
    ),
    "a secret in an answer": Broken(
        Provider, 'text=choice["message"]["content"]', f"text={KEY}", "test_a_good_answer", "contains a secret"
    ),
    "a secret in Health": Broken(
        Provider, "error=str(error)", f"error={KEY}", "test_a_check_tells_of_a_refused_connection", "Health contains"
    ),
    "a secret in a log": before(
        f"__import__('logging').getLogger('other').debug({KEY})",
        "test_secrets_reach_neither_log_nor_output",
        "in the log",
    ),
    "a secret printed": before(f"print({KEY})", "test_secrets_reach_neither_log_nor_output", "printed"),
    # Cancelling and overlapping.
    "cancelling becomes an error": call(
        "        import asyncio\n        try:\n            return await self.inner(request)\n"
        "        except asyncio.CancelledError:\n            raise TransientError('x')",
        CANCEL,
        "raised TransientError",
    ),
    "cancelling becomes an answer": call(
        "        import asyncio\n        try:\n            return await self.inner(request)\n"
        "        except asyncio.CancelledError:\n            return Completion(text='x')",
        CANCEL,
        "answers all the same",
    ),
    "cancelling is not heard": call(
        "        import asyncio\n        try:\n            return await self.inner(request)\n"
        "        except asyncio.CancelledError:\n            await asyncio.sleep(3)\n            raise",
        CANCEL,
        "went on",
    ),
    "a lock that a cancelled call keeps": call(
        "        import asyncio\n        self.lock = self.__dict__.get('lock') or asyncio.Lock()\n"
        "        await self.lock.acquire()\n        answer = await self.inner(request)\n"
        "        self.lock.release()\n        return answer",
        CANCEL,
        "had not answered",
    ),
    "calls that mix": call(
        "        import asyncio\n        self.request = request\n        await asyncio.sleep(0.01)\n"
        "        return await self.inner(self.request)",
        "test_calls_may_overlap",
        "another's answer",
    ),
    "calls that exclude each other": call(
        "        if self.__dict__.get('busy'):\n            raise PermanentError('busy')\n        self.busy = True\n"
        "        try:\n            return await self.inner(request)\n        finally:\n            self.busy = False",
        "test_calls_may_overlap",
        "should succeed raised PermanentError: busy",
    ),
    "a call that works once": call(
        "        if self.__dict__.get('used'):\n            raise PermanentError('used up')\n        self.used = True\n"
        "        return await self.inner(request)",
        "test_it_answers_more_than_once",
        "used up",
    ),
    "a fault that stays": call(
        "        if self.__dict__.get('sick'):\n            raise TransientError('sick')\n        self.sick = True\n"
        "        answer = await self.inner(request)\n        self.sick = False\n        return answer",
        "test_it_works_again_after_a_fault",
        "sick",
    ),
    "a stop that stops the others": Broken(
        Provider,
        'ctx.log.info("stopped")',
        "Provider.complete = None",
        "test_one_set_of_settings_is_stopped_without_the_other",
        "not callable",
        error=TypeError,
    ),
    # Answers of a language model.
    "another type": Broken(
        Provider, "return Completion(", "return dict(", "test_a_good_answer", "answered a dict, not a Completion"
    ),
    "another text": Broken(Provider, '["content"],', '["content"].upper(),', "test_a_good_answer", "The answer became"),
    "tokens miscounted": Broken(
        Provider,
        "return Completion(",
        "usage = Usage(prompt_tokens=1, completion_tokens=1)\n            return Completion(",
        "test_a_good_answer",
        "tokens",
    ),
    "instructions left out": Broken(
        Provider, '"content": request.system', '"content": ""', "test_a_good_answer", "System and prompt"
    ),
    "the end for want of tokens kept quiet": Broken(
        Provider,
        'truncated=choice["finish_reason"] == "length"',
        "truncated=False",
        "test_an_answer_that_ended_for_want_of_tokens_says_so",
        "truncated=True",
    ),
    "a request's model ignored": Broken(
        Provider, "request.model or ", "", "test_a_request_may_name_another_model", "not passed on"
    ),
    "JSON refused": before(
        "if request.json_schema: raise PermanentError('no JSON')", "test_a_request_may_ask_for_json", "no JSON"
    ),
    # Checks.
    "a check that raises": Broken(
        Provider,
        "except PluginError as error:\n            return Health",
        "except ZeroDivisionError as error:\n            return Health",
        "test_a_check_tells_of_a_sick_backend",
        "refused the key",
        Fault.UNAUTHORISED,
        error=AuthError,
    ),
    "a check that finds all well": Broken(
        Provider, "ok=False", "ok=True", "test_a_check_tells_of_a_sick_backend", "healthy", Fault.SERVER_ERROR
    ),
    "a check without next step": Broken(
        Provider,
        "Look at the address and the key.",
        "",
        "test_a_check_tells_of_a_sick_backend",
        "next_step",
        Fault.CLOSE,
    ),
    "a check without error": Broken(
        Provider, "error=str(error)", "error=''", "test_a_check_tells_of_a_refused_connection", "Health.error"
    ),
    "a check without sample": Broken(
        Provider, "sample=answer.text[:100]", "sample=''", "test_a_check_finds_a_healthy_backend", "Health.sample"
    ),
    "a check that finds nothing well": Broken(
        Provider, "Health(ok=True", "Health(ok=False", "test_a_check_finds_a_healthy_backend", "not well"
    ),
    "a check of another type": Broken(
        Provider, "return Health(ok=True", "return dict(ok=True", "test_a_check_finds_a_healthy_backend", "a dict"
    ),
    # Prioritisers.
    "no opinion": Broken(
        Prioritiser, 'word: str = "rent"', 'word: str = "x" * 9', "test_a_good_answer", "It has no opinion"
    ),
    "an opinion of another type": Broken(
        Prioritiser, "return Signal(", "return dict(", "test_a_good_answer", "a dict, not a Signal or NoneType"
    ),
    "a task without a date is too much": Broken(
        Prioritiser,
        "        if self._word",
        "        request.task.due_date.year\n        if self._word",
        "test_it_answers_whatever_the_task_is",
        "year",
        error=AttributeError,
    ),
    # Channels.
    "a message is not sent": Broken(
        Channel, "return await self.talk(deliver)", "return Delivery()", "test_a_message_arrives", "0 arrived"
    ),
    "a message is sent twice": Broken(
        Channel,
        "return await self.talk(deliver)",
        "await self.talk(deliver)\n        return await self.talk(deliver)",
        "test_a_message_arrives",
        "2 arrived",
    ),
    "a message goes elsewhere": Broken(
        Channel, "recipient.email.encode()", 'b"eve@example.org"', "test_a_message_arrives", "eve@example.org"
    ),
    "a subject is mangled": Broken(
        Channel, '" ".join(message.subject.split())', "ascii(message.subject)", "test_a_message_arrives", "The subject"
    ),
    "a body is cut": Broken(Channel, "message.body)", "message.body[:10])", "test_a_message_arrives", "The whole body"),
    "overlapping messages mix": Broken(
        Channel,
        "        mail = EmailMessage()\n",
        "        Mail.last = message\n        await asyncio.sleep(0.01)\n        message = Mail.last\n"
        "        mail = EmailMessage()\n",
        "test_calls_may_overlap",
        "there arrived",
    ),
    "a message may not come again": Broken(
        Channel,
        "        mail = EmailMessage()\n",
        "        mail = EmailMessage()\n        if message.key in self.__dict__.setdefault('keys', set()):\n"
        "            raise PermanentError('again')\n        self.keys.add(message.key)\n",
        "test_a_message_may_come_again",
        "again",
    ),
    "a subject adds a header": Broken(
        Channel,
        "data = mail.as_bytes()",
        'del mail["Subject"]\n        data = b"Subject: " + message.subject.encode() + b"\\r\\n" + mail.as_bytes()',
        "test_a_subject_cannot_add_headers_or_recipients",
        "a header of its own",
    ),
    "a line break in a subject raises": Broken(
        Channel,
        '" ".join(message.subject.split())',
        "message.subject",
        "test_a_subject_cannot_add_headers_or_recipients",
        "linefeed",
        error=ValueError,
    ),
    "a check sends": Broken(
        Channel,
        'await self.talk(lambda session: session.ask(b"NOOP"))',
        SEND,
        "test_a_check_finds_a_healthy_backend",
        "check() sends a message",
    ),
    "a mail server's refusal is permanent": Broken(
        Channel, 'b"530", b"534", b"535"', 'b"530",', FAULT, "UNAUTHORISED must become AuthError", Fault.UNAUTHORISED
    ),
    "a full mailbox is permanent": Broken(
        Channel,
        'answer[:1] == b"4"',
        'answer[:1] == b"6"',
        FAULT,
        "TOO_MANY must become TransientError",
        Fault.TOO_MANY,
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_it_is_found_out(broken: Broken, install: Callable[..., str], request: pytest.FixtureRequest) -> None:
    expect_it_is_found_out(broken, install, request)
