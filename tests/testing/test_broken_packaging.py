"""Each promise on packaging, import, settings and hooks: a plugin that breaks it is found out by the test meant for it.

A contract that cannot fail is none.
"""

from collections.abc import Callable

import pytest

from tests.testing.broken import Broken, expect_it_is_found_out
from tests.testing.good import Prioritiser, Provider

CLASS = "\nclass Config"
WORD = 'word: str = "rent"'
LIST = "return [Mentions(ctx.config.word)]"
LLM_HOOK = "def taskflow_llm_providers(ctx):\n"
COMPUTE = "import time\nend = time.process_time() + 0.7\nwhile time.process_time() < end: sum(range(1000))"
CONNECT = "    import socket\n    socket.create_connection(ctx.config.base_url.split('/')[2].split(':')).close()\n"

pytestmark = pytest.mark.thorough


def at_import(code: str, test: str, says: str) -> Broken:
    return Broken(Prioritiser, CLASS, f"\n{code}\n{CLASS}", test, says)


def stopping(code: str, test: str, says: str, error: type[BaseException]) -> Broken:
    return Broken(Provider, 'ctx.log.info("stopped")', code, test, says, error=error)


BROKEN = {
    "another slug": Broken(
        Prioritiser, 'slug="{slug}"', 'slug="other"', "test_it_is_installed_under_its_slug", "'other'"
    ),
    "parameters that hooks do not get": Broken(
        Prioritiser, "(ctx)", "(ctx, more)", "test_the_inspector_accepts_it", "more"
    ),
    "kinds without their hook": Broken(
        Prioritiser, "{{Kind.PRIORITISER}}", "set(Kind)", "test_the_inspector_accepts_it", "kinds has 'llm_provider'"
    ),
    "a slow import": at_import(COMPUTE, "test_importing_it_is_quick", "0.5 s at most"),
    "an import that raises": at_import("1 / 0", "test_importing_it_is_quick", "ZeroDivisionError"),
    "a socket at import": at_import(
        "import socket\nsocket.socket().close()", "test_importing_it_opens_no_socket", "socket.__new__"
    ),
    "a look-up at import": at_import(
        "import socket\nsocket.getaddrinfo('localhost', 80)", "test_importing_it_opens_no_socket", "getaddrinfo"
    ),
    "the core imported": at_import(
        "import taskflow.plugin_host.outbound", "test_it_imports_only_the_plugin_api_of_taskflow", "outbound"
    ),
    "the core imported in a call": Broken(
        Prioritiser,
        "        if self._word",
        "        import taskflow.domain.urgency\n        if self._word",
        "test_hooks_open_no_socket",
        "taskflow.domain",
    ),
    "settings that take anything": Broken(
        Prioritiser,
        WORD,
        f'model_config = {{{{"extra": "ignore"}}}}\n    {WORD}',
        "test_settings_refuse_unknown_fields",
        "unknown fields",
    ),
    "settings that lack a field": Broken(
        Prioritiser, WORD, "word: str", "test_the_settings_given_here_are_valid", "make_config"
    ),
    "a secret in a plain setting": Broken(
        Provider, "api_key: SecretStr", "api_key: str", "test_settings_never_show_a_secret", "Make it a SecretStr"
    ),
    "a secret that is not planted": Broken(
        Prioritiser,
        WORD,
        f'{WORD}\n    key: __import__("pydantic").SecretStr = "x"',
        "test_settings_never_show_a_secret",
        "must use self.secret for key",
    ),
    "a hook that makes nothing": Broken(Prioritiser, LIST, "return []", "test_hooks_make_objects", "makes nothing"),
    "a hook that makes something else": Broken(
        Prioritiser, LIST, "return [object()]", "test_hooks_make_objects", "is no Prioritiser"
    ),
    "a hook that logs a secret": Broken(
        Provider,
        LLM_HOOK,
        LLM_HOOK + "    ctx.log.filters.clear()\n    ctx.log.info(ctx.config.api_key.get_secret_value())\n",
        "test_hooks_make_objects",
        "logs a secret",
    ),
    "a hook that is a generator": Broken(
        Prioritiser, LIST, "yield Mentions(ctx.config.word)", "test_hooks_make_objects", "not a generator"
    ),
    "a hook that needs a running loop": Broken(
        Prioritiser,
        LIST,
        f"__import__('asyncio').get_running_loop()\n    {LIST}",
        "test_hooks_make_objects",
        "no running event loop",
        error=RuntimeError,
    ),
    "an object without name": Broken(
        Prioritiser, 'name = "mentions"', 'name = " "', "test_hooks_make_objects", "1 to 100 characters"
    ),
    "a method that is not asynchronous": Broken(
        Prioritiser, "async def prioritise", "def prioritise", "test_hooks_make_objects", "must be `async def`"
    ),
    "objects that share a name": Broken(
        Prioritiser, LIST, "return [Mentions('a'), Mentions('b')]", "test_hooks_make_objects", "names must differ"
    ),
    "a hook that connects": Broken(
        Provider, LLM_HOOK, LLM_HOOK + CONNECT, "test_hooks_open_no_socket", "A hook touches the network"
    ),
    "a second stop that raises": stopping("del ctx.clock", "test_it_may_be_stopped_twice", "clock", AttributeError),
    "a stop that raises when nothing was used": stopping(
        "ctx.provider.close()",
        "test_it_may_be_stopped_for_settings_that_were_never_used",
        "provider",
        AttributeError,
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_it_is_found_out(broken: Broken, install: Callable[..., str], request: pytest.FixtureRequest) -> None:
    expect_it_is_found_out(broken, install, request)


def test_one_that_is_not_installed_is_found_out() -> None:
    contract = type("Contract", (Prioritiser,), {"module": "taskflow_nowhere"})()
    with pytest.raises(AssertionError, match="0 installed distributions name taskflow_nowhere"):
        contract.test_it_is_installed_under_its_slug()
