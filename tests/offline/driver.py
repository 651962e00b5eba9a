"""Runs inside a network namespace of its own: an instance with a real local model, and whoever asks it.

    python -m tests.offline.driver FOLDER

Prints one JSON document: the suggestions, whether the outside can be reached, and which addresses any Python process of
the instance connected to.
"""

import fcntl
import json
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.bootstrap.instances import Instance, wait_for

PASSWORD = "correct-horse-9-battery"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
#: In every Python process that finds it: a line for each connection that is tried.
_AUDIT = """
import os, sys

def _note(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        with open({log!r}, "a") as log:
            log.write(repr(arguments[1]) + "\\n")

sys.addaudithook(_note)
"""


def raise_loopback() -> None:
    """The new namespace's own loopback, which is down at first."""
    with socket.socket() as held:
        request = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack("16xh", fcntl.ioctl(held, _SIOCGIFFLAGS, request))
        fcntl.ioctl(held, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | _IFF_UP))


def can_leave() -> bool:
    """Whether anything beyond loopback can be reached."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=2).close()
    except OSError:
        return False
    return True


def main(folder: Path) -> None:
    """Does it all and prints the document."""
    raise_loopback()
    log = folder / "connections.log"
    (folder / "audit").mkdir()
    (folder / "audit" / "sitecustomize.py").write_text(_AUDIT.format(log=str(log)))
    os.environ["PYTHONPATH"] = f"{folder / 'audit'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    instance = Instance(
        folder / "data",
        {
            "ADMIN_USERNAME": "ada",
            "ADMIN_EMAIL": "ada@example.org",
            "ADMIN_PASSWORD": PASSWORD,
            "RATE_LIMITS": "off",
            "OFFLINE": "on",
            "PLUGINS": "llm_local",
            "PLUGIN_LLM_LOCAL__ENGINE": "llama_cpp",
        },
    )
    instance.start()
    try:
        suggestions = ask(f"{instance.url}/api/v1/")
    finally:
        instance.stop()
    document = {
        "suggestions": suggestions,
        "can_leave": can_leave(),
        "connections": sorted(set(log.read_text().splitlines())) if log.exists() else [],
        "log": instance.log[-2000:],
    }
    sys.stdout.write(json.dumps(document) + "\n")


def ask(address: str) -> list[dict[str, Any]]:
    """Some suggestions, once the model is ready."""
    with httpx.Client(base_url=address, timeout=60) as client:
        body = {"username": "ada", "password": PASSWORD, "name": "offline"}
        client.headers["Authorization"] = f"Bearer {client.post('auth/tokens', json=body).json()['token']}"

        def suggest(title: str) -> dict[str, Any]:
            task = client.post("tasks", json={"title": title}).json()["id"]
            asked = client.post(f"tasks/{task}/priority-suggestions", json={}).json()["id"]

            def find() -> dict[str, Any] | None:
                found: dict[str, Any] = client.get(f"priority-suggestions/{asked}").json()
                return None if found["state"] == "queued" else found

            began = time.monotonic()
            found: dict[str, Any] = wait_for(find, 30)
            return found | {"took": time.monotonic() - began}

        def has_model() -> bool:
            signals = suggest("Water the plants")["signals"]
            return any(signal["source"] == "model" and not signal["error"] for signal in signals)

        wait_for(has_model, 120)
        return [suggest(title) for title in ("Pay the rent", "Call the bank about ann@example.org", "Read a novel")]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
