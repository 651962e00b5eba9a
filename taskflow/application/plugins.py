"""Which plugins are installed, and what they say of themselves."""

from concurrent.futures import ThreadPoolExecutor

from taskflow.application.changes import change
from taskflow.domain.errors import NotFound
from taskflow.domain.permissions import SYSTEM
from taskflow.plugin_host.discovery import Installed, find_installed
from taskflow.plugin_host.inspector import Inspection, inspect
from taskflow.store.models import Plugin

#: Processes at a time that import plugins.
_AT_A_TIME = 4


def refresh(*, again: bool = False, paths: list[str] | None = None) -> list[Plugin]:
    """Every plugin that is, or was, installed, by slug, as it is now.

    One whose files are as they were is not asked again, one that failed only if `again` says so. What an installed
    plugin does at import ends with the process that asks it. `paths` stand for `sys.path`.
    """
    installed = find_installed(paths)
    known = {(plugin.slug, plugin.distribution): plugin for plugin in Plugin.objects.all()}
    asked = [plugin for plugin in installed if _is_to_be_asked(plugin, known, again)]
    # Outside of a transaction: each may take its ten seconds.
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        answers = list(pool.map(inspect, asked))
    with change(SYSTEM) as opened:
        for plugin, answer in zip(asked, answers, strict=True):
            Plugin.objects.update_or_create(
                slug=plugin.slug,
                distribution=plugin.distribution,
                defaults=_columns(plugin, answer) | {"inspected_at": opened.now},
            )
        gone = known.keys() - {(plugin.slug, plugin.distribution) for plugin in installed}
        Plugin.objects.filter(pk__in=[known[key].pk for key in gone]).update(missing=True)
    return list(Plugin.objects.order_by("slug", "distribution"))


def find_plugins(slug: str) -> list[Plugin]:
    """The installed plugins of this slug; more than one where distributions claim it together. `NotFound`."""
    found = list(Plugin.objects.filter(slug=slug).order_by("distribution"))
    if not found:
        raise NotFound(f"No plugin {slug[:80]!r} is installed. `taskflow plugins list` names those that are.")
    return found


def _is_to_be_asked(plugin: Installed, known: dict[tuple[str, str], Plugin], again: bool) -> bool:
    former = known.get((plugin.slug, plugin.distribution))
    if former is None or former.missing or former.fingerprint != plugin.fingerprint:
        return True
    # A twin that came or went is not in its own files.
    return former.refusal != plugin.refusal or (again and bool(former.error))


def _columns(plugin: Installed, answer: Inspection) -> dict[str, object]:
    return {
        "version": plugin.version[:100],
        "publisher": plugin.publisher,
        "module": plugin.module[:300],
        "fingerprint": plugin.fingerprint,
        "refusal": plugin.refusal,
        "error": answer.error,
        "trace": answer.trace,
        "manifest": answer.manifest,
        "schemas": answer.schemas,
        "hooks": list(answer.hooks),
        "missing": False,
    }


def describe_state(plugin: Plugin) -> str:
    """`missing`, `unusable` or `usable`."""
    if plugin.missing:
        return "missing"
    return "unusable" if plugin.error else "usable"
