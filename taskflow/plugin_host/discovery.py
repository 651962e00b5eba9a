"""Which plugins are installed: read from the metadata of distributions, without importing any of their code."""

import hashlib
import importlib.metadata
import json
import logging
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import parseaddr
from pathlib import Path

from taskflow.plugin_api.hooks import ENTRY_POINT_GROUP
from taskflow.plugin_host.redaction import clean_text

_GROUPS = re.compile(r"taskflow\.plugins\.(v\d+)")
_SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_LONGEST_SLUG = 40
_LONGEST_MODULE = 300
_LONGEST_DISTRIBUTION = 200
_LONGEST_VERSION = 100
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point of a plugin, and the distribution that it came with."""

    slug: str
    #: The dotted name of its module.
    module: str
    distribution: str
    version: str
    publisher: str
    #: Changes whenever the distribution's files do.
    fingerprint: str
    #: Why it cannot even be inspected; empty when it can.
    refusal: str = ""


def normalise(name: str) -> str:
    """A distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_slug(name: str) -> bool:
    """Whether a plugin may be named so."""
    return len(name) <= _LONGEST_SLUG and _SLUG.fullmatch(name) is not None


def find_installed(paths: list[str] | None = None) -> list[Installed]:
    """Every entry point of a group `taskflow.plugins.v…`, by slug; `paths` instead of `sys.path` where given.

    One that cannot be used says why in `refusal`: a contract of another major version, a name that is no slug, a slug
    that two distributions claim. Of a distribution that is installed twice, the one that Python would import counts.
    """
    found: list[Installed] = []
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions(path=sys.path if paths is None else paths):
        try:
            name = normalise(distribution.metadata["Name"] or "")
            if name and name not in seen:
                seen.add(name)
                found += _read_points(distribution)
        except Exception as error:
            # One whose metadata cannot be read, whatever it is, must not hide all others.
            log.warning("the metadata of %s cannot be read: %s: %s", _place(distribution), type(error).__name__, error)
    return sorted(_refuse_twins(found), key=lambda plugin: (plugin.slug, plugin.distribution))


def _read_points(distribution: importlib.metadata.Distribution) -> list[Installed]:
    points = [point for point in distribution.entry_points if _GROUPS.fullmatch(point.group)]
    if not points:
        return []
    fingerprint = _fingerprint(distribution)
    return [_read(distribution, point, fingerprint) for point in points]


def _place(distribution: importlib.metadata.Distribution) -> str:
    """Where its metadata are, as far as that is known."""
    return str(getattr(distribution, "_path", "a distribution"))


def _read(
    distribution: importlib.metadata.Distribution, point: importlib.metadata.EntryPoint, fingerprint: str
) -> Installed:
    refusal = ""
    if point.group != ENTRY_POINT_GROUP:
        refusal = f"It is written for {point.group}; this TaskFlow speaks {ENTRY_POINT_GROUP}."
    elif not is_slug(point.name):
        refusal = f"Its entry point is named {point.name[:80]!r}: a slug has a-z, 0-9 and single _ (40 at most)."
    elif _MODULE.fullmatch(point.value) is None and ":" not in point.value:
        refusal = f"Its entry point names {point.value[:200]!r}, which is no module."
    elif _MODULE.fullmatch(point.value) is None:
        refusal = f"Its entry point names {point.value[:200]!r}: name the module alone, without a colon."
    return Installed(
        slug=clean_text(point.name)[:80],
        module=clean_text(point.value.partition(":")[0].strip())[:_LONGEST_MODULE],
        distribution=clean_text(distribution.metadata["Name"])[:_LONGEST_DISTRIBUTION],
        version=clean_text(distribution.version or "")[:_LONGEST_VERSION],
        publisher=clean_text(_publisher(distribution)),
        fingerprint=fingerprint,
        refusal=refusal,
    )


def _refuse_twins(found: Iterable[Installed]) -> list[Installed]:
    by_slug: dict[str, list[Installed]] = defaultdict(list)
    for plugin in found:
        by_slug[plugin.slug].append(plugin)
    checked: list[Installed] = []
    for slug, plugins in by_slug.items():
        if len(plugins) == 1:
            checked += plugins
            continue
        names = " and ".join(sorted(f"{plugin.distribution} {plugin.version}".strip() for plugin in plugins))
        refusal = f"{names} both claim the slug {slug!r}. Uninstall one of them."
        checked += [replace(plugin, refusal=plugin.refusal or refusal) for plugin in plugins]
    return checked


def _publisher(distribution: importlib.metadata.Distribution) -> str:
    metadata = distribution.metadata
    for field in ("Author", "Maintainer"):
        if field in metadata:
            return metadata[field][:200]
    for field in ("Author-email", "Maintainer-email"):
        name, address = parseaddr(metadata[field].partition(",")[0]) if field in metadata else ("", "")
        if name or address:
            return (name or address)[:200]
    return ""


def _fingerprint(distribution: importlib.metadata.Distribution) -> str:
    """Of its version and RECORD, which lists the hashes of its files; of what is installed in place, of the files."""
    digest = hashlib.sha256()
    for text in (distribution.version or "", distribution.read_text("RECORD") or ""):
        digest.update(text.encode() + b"\0")
    for source in _sources_in_place(distribution):
        state = source.stat()
        digest.update(f"{source}:{state.st_size}:{state.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _sources_in_place(distribution: importlib.metadata.Distribution) -> list[Path]:
    """The Python files of an editable installation (PEP 610)."""
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return []
    if not isinstance(origin, dict) or not isinstance(origin.get("dir_info", {}), dict):
        return []
    address = str(origin.get("url", ""))
    if not origin.get("dir_info", {}).get("editable") or not address.startswith("file://"):
        return []
    folder = Path(address.removeprefix("file://"))
    return sorted(path for root in (folder,) if root.is_dir() for path in root.rglob("*.py"))[:2_000]
