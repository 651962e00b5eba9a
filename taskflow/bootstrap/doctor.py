"""`taskflow doctor`: what may be wrong with an instance, and the remedy for each."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from taskflow.bootstrap.listener import CannotListen, open_listener
from taskflow.bootstrap.lock import is_running, read_note
from taskflow.config import ConfigError, Settings
from taskflow.config.keys import RING_FILE, SIGNING_FILE, load_keys

Status = Literal["ok", "warn", "fail"]
_MEGABYTE = 1024 * 1024
_LITTLE_SPACE, _NO_SPACE = 500 * _MEGABYTE, 50 * _MEGABYTE
#: No machine that runs this release has an earlier date.
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `remedy` is empty when all is well."""

    check: str
    status: Status
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, in an order in which an earlier failure explains later ones. Writes nothing but what
    it learns of plugins."""
    findings: list[Finding] = []
    for name, check in _CHECKS.items():
        try:
            findings.extend(check(settings))
        except Exception as error:  # a check must not hide the ones behind it
            findings.append(Finding(name, "fail", f"{type(error).__name__}: {error}", "Mend what the message names."))
    return findings


def _check_data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding("data folder", "warn", f"{folder} does not exist", "taskflow up creates it.")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("data folder", "fail", f"{folder} is not writable", f"chown it to user {os.getuid()}.")
        return
    exposed = [path for path in (folder, *_key_files(folder)) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if exposed:
        names = ", ".join(map(str, exposed))
        yield Finding("data folder", "warn", f"others may read {names}", f"chmod go-rwx {names}")
    else:
        yield Finding("data folder", "ok", f"{folder} is open to its owner alone")


def _check_keys(settings: Settings) -> Iterator[Finding]:
    try:
        keys = load_keys(settings)
    except ConfigError as error:
        yield Finding("keys", "fail", error.problem, error.remedy)
        return
    if not keys.signing or not keys.ring:
        yield Finding("keys", "warn", "there are no keys yet", "taskflow up creates them.")
        return
    yield Finding("keys", "ok", f"signing key and {len(keys.ring)} encryption keys")


def _check_database(settings: Settings) -> Iterator[Finding]:
    from django.db import connection

    from taskflow.bootstrap.migrations import NewerDatabase, find_sqlite_file, list_pending

    path = find_sqlite_file()
    if path is not None and not path.exists():
        yield Finding("database", "warn", f"{path} does not exist", "taskflow up creates it.")
        return
    with connection.cursor() as cursor:
        if path is not None:
            cursor.execute("PRAGMA quick_check")
            found = str(cursor.fetchone()[0])
            if found != "ok":
                yield Finding("database", "fail", f"damaged: {found}", "Restore a backup: taskflow restore FILE")
                return
            cursor.execute("PRAGMA foreign_key_check")
            if cursor.fetchone():
                yield Finding("database", "fail", "rows refer to missing rows", "Restore a backup.")
                return
        else:
            cursor.execute("SELECT 1")
    yield Finding("database", "ok", f"{connection.vendor}, sound")
    try:
        pending = list_pending()
    except NewerDatabase as error:
        yield Finding("migrations", "fail", str(error), "Install the newer release.")
        return
    if pending:
        yield Finding("migrations", "warn", f"{len(pending)} pending: {pending[0]} …", "taskflow migrate")
    else:
        yield Finding("migrations", "ok", "none pending")


def _check_attachments(settings: Settings) -> Iterator[Finding]:
    if not _is_migrated():
        return
    from taskflow.infrastructure.files import FolderStore, find_file_folder
    from taskflow.store.models import Attachment

    store, total, missing = FolderStore(find_file_folder(settings.data_dir)), 0, []
    for attachment in Attachment.objects.order_by("pk").iterator():
        total += 1
        path = store.path(attachment.blob_name)
        if not path.is_file() or path.stat().st_size != attachment.size:
            missing.append(attachment.name)
    if missing:
        names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        detail = f"{len(missing)} of {total} are missing or cut short: {names}"
        yield Finding("attachments", "fail", detail, "Bring the folder attachments/ back from a backup.")
    else:
        yield Finding("attachments", "ok", f"all {total} are there")


def _check_secrets(settings: Settings) -> Iterator[Finding]:
    if not _is_migrated():
        return
    from taskflow.application.plugin_secrets import count_plugin_secrets
    from taskflow.infrastructure.crypto import open_box
    from taskflow.infrastructure.mfa import count_second_factors

    counted = [count_second_factors(open_box()), count_plugin_secrets()]
    total, unreadable = (sum(numbers) for numbers in zip(*counted, strict=True))
    if unreadable:
        yield Finding(
            "stored secrets",
            "fail",
            f"{unreadable} of {total} fit no key of the ring",
            f"Restore {RING_FILE} or set TASKFLOW_SECRET_KEYS to the ring they were written under.",
        )
    else:
        yield Finding("stored secrets", "ok", f"all {total} can be decrypted")


def _check_search(settings: Settings) -> Iterator[Finding]:
    if not _is_migrated():
        return
    from taskflow.store.search_index import REMEDY, find_fault

    fault = find_fault()
    yield Finding("search index", "fail", fault, REMEDY) if fault else Finding("search index", "ok", "complete")


def _check_plugins(settings: Settings) -> Iterator[Finding]:
    if not _is_migrated():
        return
    from taskflow.application.plugin_cards import Status, list_cards
    from taskflow.domain.permissions import SYSTEM

    cards = list_cards(SYSTEM)
    well = {Status.ACTIVE, Status.DISABLED}
    for card in cards:
        if card.status not in well:
            detail = f"{card.plugin.slug} ({card.plugin.distribution}) is {card.status.value}: {card.reason}"
            yield Finding("plugins", "warn", detail, f"taskflow plugins show {card.plugin.slug}")
    for slug in sorted(settings.plugin_values.keys() - {card.plugin.slug for card in cards}):
        detail = f"TASKFLOW_PLUGIN_{slug.upper()}__… sets a plugin that is not installed"
        yield Finding("plugins", "warn", detail, "Install it, or mend the name: taskflow plugins list")
    active = sum(card.status is Status.ACTIVE for card in cards)
    yield Finding("plugins", "ok", f"{len(cards)} installed, {active} active")


def _check_disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    status: Status = "fail" if free < _NO_SPACE else "warn" if free < _LITTLE_SPACE else "ok"
    remedy = "" if status == "ok" else f"Free space on the disk of {folder}."
    yield Finding("disk", status, f"{free // _MEGABYTE:,} MB free", remedy)


def _check_server(settings: Settings) -> Iterator[Finding]:
    note = read_note(settings.data_dir)
    if not is_running(settings.data_dir) or note is None:
        try:
            open_listener(settings.bind_host, settings.bind_port).close()
        except CannotListen as error:
            yield Finding("server", "warn", f"not running; {error}", "Stop that program, or choose another --port.")
            return
        yield Finding("server", "ok", f"not running; port {settings.bind_port} is free")
        return
    host, _, port = note.address.rpartition(" ")
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison
    try:
        socket.create_connection((target, int(port)), timeout=5).close()
    except OSError as error:
        yield Finding("server", "fail", f"process {note.pid} does not answer ({error})", "Restart taskflow up.")
        return
    yield Finding("server", "ok", f"process {note.pid} answers on {host} port {port}")


def _check_jobs(settings: Settings) -> Iterator[Finding]:
    if not _is_migrated():
        return
    from taskflow.application import ledger, ports
    from taskflow.store.models import Job
    from taskflow.store.models.jobs import JobState

    now = ports.now()
    overdue = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lt=now - timedelta(minutes=5)).count()
    if is_running(settings.data_dir) and not ledger.is_alive(now):
        yield Finding("job loop", "fail", "no sign of life", "Look at the log, restart taskflow up.")
    elif overdue and is_running(settings.data_dir):
        yield Finding("job loop", "warn", f"{overdue} jobs wait for over 5 minutes", "See what is slow in the log.")
    else:
        state = "alive" if is_running(settings.data_dir) else "not running"
        yield Finding("job loop", "ok", f"{state}, {overdue} jobs overdue")
    dead = Job.objects.filter(state=JobState.DEAD).count()
    if dead:
        yield Finding("dead jobs", "warn", f"{dead} gave up", "Look at them and retry them under Jobs in the admin.")
    else:
        yield Finding("dead jobs", "ok", "none")


def _check_clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    latest = _find_latest_event() if _is_migrated() else None
    if now < _RELEASED:
        yield Finding("clock", "fail", f"the machine believes it is {now:%Y-%m-%d}", "Set the clock (NTP).")
    elif latest is not None and latest > now + timedelta(minutes=5):
        yield Finding("clock", "fail", f"the latest event is of {latest:%Y-%m-%d %H:%M} UTC", "Set the clock (NTP).")
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def _find_latest_event() -> datetime | None:
    from taskflow.store.models import WorkerBeat

    beat = WorkerBeat.objects.order_by("-beat_at").first()
    return beat.beat_at if beat else None


def _is_migrated() -> bool:
    from django.db import connection

    from taskflow.bootstrap.migrations import find_sqlite_file, list_pending

    path = find_sqlite_file()
    return (path is None or path.exists()) and bool(connection.introspection.table_names()) and not list_pending()


def _key_files(folder: Path) -> list[Path]:
    return [folder / name for name in (SIGNING_FILE, RING_FILE) if (folder / name).exists()]


_CHECKS: dict[str, Callable[[Settings], Iterator[Finding]]] = {
    "data folder": _check_data_folder,
    "keys": _check_keys,
    "database": _check_database,
    "stored secrets": _check_secrets,
    "attachments": _check_attachments,
    "search index": _check_search,
    "plugins": _check_plugins,
    "disk": _check_disk,
    "server": _check_server,
    "job loop": _check_jobs,
    "clock": _check_clock,
}
