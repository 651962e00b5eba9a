"""How a contract says that a plugin does not keep it."""


class BrokenPromise(AssertionError):
    """The plugin does not keep the contract; the message says which part, in a sentence for its author."""


def promise(kept: bool, message: str) -> None:
    """`BrokenPromise` with `message` unless `kept`. Unlike `assert` it stays under `python -O`."""
    __tracebackhide__ = True
    if not kept:
        raise BrokenPromise(message)
