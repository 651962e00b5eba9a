"""Which plugins are installed, and what they say of themselves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from taskflow.application import ledger
from taskflow.application.changes import change
from taskflow.application.jobs import handles
from taskflow.application.plugin_board import WARM, next_generation
from taskflow.application.plugin_settings import comes_from_environment
from taskflow.config import current_settings
from taskflow.domain.errors import NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM
from taskflow.plugin_host.discovery import Installed, find_installed
from taskflow.plugin_host.inspector import Inspection, inspect
from taskflow.store.models import Job, Plugin, PluginSetup

REFRESH = "plugins.refresh"
#: Processes at a time that import plugins.
_AT_A_TIME = 4


def refresh(*, again: bool = False, paths: list[str] | None = None) -> list[Plugin]:
    """Every plugin that is, or was, installed, by slug, as it is now.

    One whose files are as they were is not asked again, one that failed only if `again` says so. What an installed
    plugin does at import ends with the process that asks it. One that the settings leave out is listed and not asked.
    `paths` stand for `sys.path`.
    """
    installed = [_leave_out(plugin) for plugin in find_installed(paths)]
    known = {(plugin.slug, plugin.distribution): plugin for plugin in Plugin.objects.all()}
    asked = [plugin for plugin in installed if _is_to_be_asked(plugin, known, again)]
    found = {(plugin.slug, plugin.distribution) for plugin in installed}
    gone = [plugin for key, plugin in known.items() if key not in found]
    # Of what was uninstalled, only what is still wanted, and not there from elsewhere, is worth a line.
    wanted = set(PluginSetup.objects.filter(enabled=True).values_list("slug", flat=True)) if gone else set()
    wanted -= {plugin.slug for plugin in installed}
    lost = [plugin for plugin in gone if plugin.slug in wanted and not plugin.missing]
    forgotten = [plugin for plugin in gone if plugin.slug not in wanted]
    if asked or lost or forgotten:
        # Outside of a transaction: each may take its ten seconds.
        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            answers = list(pool.map(inspect, asked))
        _store(asked, answers, lost, forgotten)
    plugins = list(Plugin.objects.order_by("slug", "distribution"))
    _enable_from_environment(plugins)
    return plugins


@handles(REFRESH)
def refresh_stored(job: Job) -> None:
    """Looks at what is installed, so that it runs without anybody having looked."""
    refresh()
    with change(SYSTEM) as opened:
        ledger.finish(job)
        opened.job(WARM, {}, key=WARM)


def _store(asked: list[Installed], answers: list[Inspection], lost: list[Plugin], forgotten: list[Plugin]) -> None:
    with change(SYSTEM) as opened:
        for plugin, answer in zip(asked, answers, strict=True):
            Plugin.objects.update_or_create(
                slug=plugin.slug,
                distribution=plugin.distribution,
                defaults=_columns(plugin, answer) | {"inspected_at": opened.now},
            )
        Plugin.objects.filter(pk__in=[plugin.pk for plugin in lost]).update(missing=True)
        Plugin.objects.filter(pk__in=[plugin.pk for plugin in forgotten]).delete()
        next_generation(opened)


def _enable_from_environment(plugins: list[Plugin]) -> None:
    """Enables those that nobody decided on yet and that variables set up completely."""
    decided = set(PluginSetup.objects.values_list("slug", flat=True))
    usable = [plugin for plugin in plugins if not plugin.error and not plugin.missing and plugin.slug not in decided]
    wanted = [plugin for plugin in usable if comes_from_environment(plugin)]
    if wanted:
        with change(SYSTEM) as opened:
            for plugin in wanted:
                _, made = PluginSetup.objects.get_or_create(
                    slug=plugin.slug, defaults={"enabled": True, "updated_at": opened.now}
                )
                if made:
                    opened.event(EventType.PLUGIN_ENABLED, data={"slug": plugin.slug, "by": "environment"})
            next_generation(opened)


def find_plugins(slug: str) -> list[Plugin]:
    """The installed plugins of this slug; more than one where distributions claim it together. `NotFound`."""
    found = list(Plugin.objects.filter(slug=slug).order_by("distribution"))
    if not found:
        raise NotFound(f"No plugin {slug[:80]!r} is installed. `taskflow plugins list` names those that are.")
    return found


def _leave_out(plugin: Installed) -> Installed:
    left_out = current_settings().refuse_plugin(plugin.slug, plugin.version)
    return replace(plugin, refusal=plugin.refusal or left_out)


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
        "refused": answer.refused,
        "manifest": answer.manifest,
        "schemas": answer.schemas,
        "hooks": list(answer.hooks),
        "missing": False,
    }
