"""Good plugins keep every promise of their contract, in the way in which an author runs it."""

from tests.testing import good


class TestProvider(good.Provider):
    pass


class TestPrioritiser(good.Prioritiser):
    pass


class TestChannel(good.Channel):
    pass


class TestOllama(good.Ollama):
    pass


class TestWebhook(good.Webhook):
    pass


class TestAsking(good.Asking):
    pass
