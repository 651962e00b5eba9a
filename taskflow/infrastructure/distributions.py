"""What is installed in the running interpreter's environment, by metadata; normalised names throughout."""

import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

#: The distribution that plugins are installed beside.
CORE = "taskflow-server"


class NotInstalled(Exception):
    """The core itself runs from a folder on the path: its libraries cannot be told from others."""


def list_constraints() -> list[str]:
    """`name==version` of the core and of everything that it needs, as installed; `NotInstalled`."""
    if _find(CORE) is None:
        raise NotInstalled(f"{CORE} itself is not installed in {sys.prefix}, only on its path.")
    needed = {name for name, _ in _walk(CORE)} | {CORE}
    versions = {name: found.version for name in needed if (found := _find(name)) is not None}
    return [f"{name}=={version}" for name, version in sorted(versions.items())]


def find_unmet(name: str) -> list[str]:
    """What a distribution needs, or what it needs needs, that is absent or has another version; in words."""
    unmet: list[str] = []
    for needed, requirement in _walk(name):
        found = _find(needed)
        if found is None:
            unmet.append(f"{requirement} is not installed")
        elif not requirement.specifier.contains(found.version, prereleases=True):
            unmet.append(f"{needed}{requirement.specifier} is needed, {found.version} is installed")
    return sorted(set(unmet))


def take_stock() -> dict[str, str]:
    """A digest of each distribution's version and files, by name; the first on the path counts."""
    stock: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"] or "")
        if name and name not in stock:
            text = f"{distribution.version}\0{distribution.read_text('RECORD') or ''}"
            stock[name] = hashlib.sha256(text.encode()).hexdigest()
    return stock


def was_requested(name: str) -> bool:
    """Whether it was asked for by itself: installers leave a mark on those (PEP 376)."""
    distribution = _find(name)
    return distribution is not None and distribution.read_text("REQUESTED") is not None


def _walk(root: str) -> Iterator[tuple[str, Requirement]]:
    """Every requirement of a distribution and of what it needs, with its extras, where this interpreter's markers
    apply.
    """
    pending: list[tuple[str, str]] = [(root, "")]
    seen: set[tuple[str, str]] = set()
    while pending:
        name, extra = wanted = pending.pop()
        distribution = _find(name)
        if wanted in seen or distribution is None:
            continue
        seen.add(wanted)
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                yield needed, requirement
                pending += [(needed, ""), *((needed, part) for part in requirement.extras)]


def _find(name: str) -> importlib.metadata.Distribution | None:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
