"""How the host and a plugin's process talk: JSON texts, each after its length in four bytes."""

import json
import struct
from typing import Any, BinaryIO

#: Bytes of one message. Ten thousand times what an answer has; a plugin that answers with more is at fault.
MOST_BYTES = 1_000_000
HEADER = struct.Struct(">I")


class TooLong(ValueError):
    """A message has more bytes than one may have."""


def encode(message: dict[str, Any]) -> bytes:
    """A message as it is sent. `TooLong`; `TypeError` or `ValueError` for what is no JSON."""
    text = json.dumps(message, allow_nan=False).encode()
    if len(text) > MOST_BYTES:
        raise TooLong(f"a message of {len(text) // 1000} kB; at most {MOST_BYTES // 1000} kB are taken")
    return HEADER.pack(len(text)) + text


def read_length(header: bytes) -> int:
    """The length that a header announces. `TooLong`."""
    (length,) = HEADER.unpack(header)
    if length > MOST_BYTES:
        raise TooLong(f"a message of {length // 1000} kB")
    return int(length)


def read(stream: BinaryIO) -> dict[str, Any] | None:
    """The next message; None at the end, also in the middle of one. `TooLong`; `ValueError` for what is no message."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    length = read_length(header)
    text = stream.read(length)
    if len(text) < length:
        return None
    try:
        message = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("a message that is nested too deeply") from None
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def _refuse_constant(name: str) -> None:
    raise ValueError(f"a message with {name}, which is no JSON")
