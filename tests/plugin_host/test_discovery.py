"""Plugins are found by metadata alone, and what cannot be used says why and whose it is."""

import json
import sys
from pathlib import Path

import pytest

from taskflow.plugin_host.discovery import Installed, find_installed
from tests.plugin_host.distributions import make, record


def find(folder: Path) -> list[Installed]:
    return find_installed([str(folder)])


def test_a_plugin_is_found_without_being_imported(tmp_path: Path) -> None:
    module = make(tmp_path, "mood", "raise SystemExit")
    (found,) = find(tmp_path)
    assert (found.slug, found.module, found.distribution, found.version) == ("mood", module, "taskflow-mood", "1.0")
    assert (found.publisher, found.refusal) == ("Ann", "")
    assert module not in sys.modules


def test_two_that_claim_one_slug_are_both_refused_by_name(tmp_path: Path) -> None:
    make(tmp_path, "mood")
    make(tmp_path, "mood", distribution="other-mood", version="2.0")
    make(tmp_path, "quiet")
    refused = [plugin for plugin in find(tmp_path) if plugin.refusal]
    assert [plugin.slug for plugin in refused] == ["mood", "mood"]
    assert all("other-mood 2.0 and taskflow-mood 1.0" in plugin.refusal for plugin in refused)


@pytest.mark.parametrize(
    ("slug", "options", "word"),
    [
        ("mood", {"group": "taskflow.plugins.v2"}, "taskflow.plugins.v2"),
        ("Mood", {}, "'Mood'"),
        ("my__mood", {}, "'my__mood'"),
        ("m" * 41, {"distribution": "long"}, "40"),
        ("mood", {"value": "a_module:manifest"}, "without a colon"),
    ],
)
def test_what_does_not_fit_is_listed_with_the_reason(
    tmp_path: Path, slug: str, options: dict[str, str], word: str
) -> None:
    make(tmp_path, slug, **options)
    (found,) = find(tmp_path)
    assert word in found.refusal


def test_other_groups_are_nobodys_plugin(tmp_path: Path) -> None:
    make(tmp_path, "mood", group="taskflow.themes.v1")
    assert find(tmp_path) == []


def test_the_fingerprint_follows_the_files(tmp_path: Path) -> None:
    module = make(tmp_path, "mood")
    (before,) = find(tmp_path)
    assert find(tmp_path) == [before]
    (tmp_path / f"{module}.py").write_text("changed = True")
    record(tmp_path, tmp_path / f"{module}-1.0.dist-info", module)
    (after,) = find(tmp_path)
    assert after.fingerprint != before.fingerprint


def test_the_fingerprint_of_what_is_installed_in_place_follows_its_sources(tmp_path: Path) -> None:
    source, site = tmp_path / "work", tmp_path / "site"
    source.mkdir()
    site.mkdir()
    module = make(site, "mood")
    (source / "mood.py").write_text("a = 1")
    origin = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (site / f"{module}-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    (before,) = find(site)
    (source / "mood.py").write_text("a = 22")
    (after,) = find(site)
    assert after.fingerprint != before.fingerprint
