"""What authors of plugins test with: contracts to subclass, servers that fail when told to, a context of the host.

    from taskflow.testing.contracts import ChannelContract, LLMProviderContract, PluginContract, PrioritiserContract
    from taskflow.testing.servers import FakeHTTP, FakeOllama, FakeOpenAI, FakeSMTP, Fault
    from taskflow.testing.context import FakeContext

`pytest_plugins = ["taskflow.testing.plugin"]` gives the servers as fixtures. pytest is imported by
`contracts` and `plugin` alone.
"""
