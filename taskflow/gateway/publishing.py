"""Events on their way to RabbitMQ: a topic exchange, durable messages, and nothing counts before the broker says so.

pika's connection belongs to one thread. It speaks to the broker there, one batch after the other; whoever waits has a
limit of their own.
"""

import json
import logging
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ConnectionBlockedTimeout, NackError

log = logging.getLogger(__name__)

EXCHANGE = "taskflow.events"
#: Seconds: to connect, and that a broker which is blocked (an alarm of memory or disk) may hold a batch up.
CONNECT, BLOCKED = 3.0, 3.0
#: Seconds between two signs of life; a peer that is gone is noticed after two of them.
_HEARTBEAT = 5
_DURABLE = 2
#: Bytes of a routing key and of a message's id, by the protocol.
_LONGEST_NAME = 255
#: Events that one request may bring.
MOST_EVENTS = 1_000
#: What an event has beside its attributes; one of them at most.
_DATA = frozenset({"data", "data_base64"})
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,100}")
#: RFC 3339.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


class NotPublished(Exception):
    """The broker did not confirm; the text says why, without the password of its address."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A CloudEvent, and its type, which is the routing key."""

    type: str
    id: str
    body: bytes


class Publisher:
    """Publishes to one broker. `address`: an AMQP URL."""

    def __init__(self, address: str) -> None:
        self._parameters = pika.URLParameters(address)
        self._parameters.socket_timeout = CONNECT
        self._parameters.stack_timeout = CONNECT * 2
        self._parameters.blocked_connection_timeout = BLOCKED
        self._parameters.connection_attempts = 1
        self._parameters.heartbeat = _HEARTBEAT
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="broker")
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._closed = threading.Event()

    @property
    def thread(self) -> ThreadPoolExecutor:
        """Where `publish` is called."""
        return self._thread

    def publish(self, events: Sequence[Outgoing]) -> None:
        """Hands events over in their order; returns once all are confirmed. `NotPublished`: then some may have been, so
        that a repetition may double them; their ids tell."""
        # A connection that was not used for long may be gone: once anew.
        for last in (self._connection is None, True):
            try:
                self._publish(events)
                return
            except ConnectionBlockedTimeout as error:
                self._drop()
                raise NotPublished("broker_blocked", "The broker takes nothing at present (an alarm).") from error
            except NackError as error:
                raise NotPublished("broker_refused", "The broker refused an event: a queue of it is full.") from error
            except (AMQPError, AMQPConnectorException, OSError) as error:
                self._drop()
                if last:
                    raise NotPublished("broker_down", f"The broker cannot be reached: {_describe(error)}.") from error

    def close(self) -> None:
        """Ends the connection, waiting for what is on its way."""
        self._thread.submit(self._drop)
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _publish(self, events: Sequence[Outgoing]) -> None:
        channel = self._open()
        for event in events:
            properties = pika.BasicProperties(
                content_type="application/cloudevents+json",
                delivery_mode=_DURABLE,
                message_id=event.id,
                type=event.type,
            )
            # In confirm mode it returns once the broker took it, and raises where the broker did not.
            channel.basic_publish(EXCHANGE, event.type, event.body, properties, mandatory=False)

    def _open(self) -> BlockingChannel:
        if self._connection is not None and self._connection.is_open:
            # Reads what came meanwhile: signs of life, or the end of the connection.
            self._connection.process_data_events(0)
        if self._connection is None or self._channel is None or not self._channel.is_open:
            self._drop()
            self._connection = pika.BlockingConnection(self._parameters)
            self._channel = self._connection.channel()
            self._channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
            self._channel.confirm_delivery()
        return self._channel

    def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            try:
                connection.close()
            except (AMQPError, OSError) as error:
                log.info("the connection to the broker ended badly: %s", _describe(error))


def read_event(event: dict[str, Any]) -> Outgoing:
    """A CloudEvent as it is published. `ValueError` that names what is missing, or is not as CloudEvents 1.0 has it."""
    for name in ("specversion", "id", "source", "type"):
        value = event.get(name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name}: a CloudEvent has a text here")
    if event["specversion"] != "1.0":
        raise ValueError("specversion: 1.0 is the one that is known")
    _check_attributes(event)
    try:
        body = json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise ValueError("event: it holds half of a surrogate pair, which is no text") from None
    except ValueError:
        raise ValueError("event: it holds a number that is too large") from None
    for name in ("type", "id"):
        if len(event[name].encode()) > _LONGEST_NAME:
            raise ValueError(f"{name}: it has {_LONGEST_NAME} bytes at most")
    return Outgoing(event["type"], event["id"], body)


def _check_attributes(event: dict[str, Any]) -> None:
    """What a reader that keeps to the standard would stumble over."""
    for name, value in event.items():
        if name in _DATA:
            continue
        if not _ATTRIBUTE.fullmatch(name):
            raise ValueError("event: the names of its attributes have small letters and digits alone")
        if not isinstance(value, str | int | None):
            raise ValueError(f"{name}: an attribute is a text, a whole number, or true or false")
    if not isinstance(event.get("data_base64", ""), str):
        raise ValueError("data_base64: it is a text")
    if event.keys() >= _DATA:
        raise ValueError("data_base64: there is data too")
    time = event.get("time")
    if time is not None and not (isinstance(time, str) and _TIME.fullmatch(time)):
        raise ValueError("time: it is written as 2026-11-24T09:00:00Z")


def _describe(error: BaseException) -> str:
    """An error of pika's in short; some of them hold the addresses that were tried."""
    return type(error).__name__
