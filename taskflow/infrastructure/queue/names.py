"""Names of workers, from which another worker of the same machine can tell whether one is gone."""

import hashlib
import os
import socket
from pathlib import Path

_PROC = Path("/proc")
_LONGEST_HOST = 50


def name_self() -> str:
    """`host:pid`, on Linux with what tells this process from a later one of the same number: `host:pid.start@place`."""
    pid = os.getpid()
    host, place, began = socket.gethostname()[:_LONGEST_HOST], _place(), _start_of(pid)
    return f"{host}:{pid}" if place is None or began is None else f"{host}:{pid}.{began}@{place}"


def is_gone(name: str) -> bool:
    """Whether a worker ran where this process runs, and does no longer. False where that cannot be told."""
    process, _, place = name.rpartition("@")
    if not process or place != _place():
        return False
    pid, _, began = process.rpartition(":")[2].partition(".")
    return pid.isdecimal() and _start_of(int(pid)) != began


def _place() -> str | None:
    """What processes share that see each other by the same numbers: the machine since it was started, and the
    namespace. None where the system does not say."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return None
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _start_of(pid: int) -> str | None:
    """When a process began, in clock ticks since the machine did; None for one that is gone or over (a zombie)."""
    try:
        # The command's name stands in brackets and may hold anything.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
