"""docs/plugins/hooks.md leaves out nothing of the contract, and nothing of the contract goes without a word."""

import inspect
from typing import Any

import pytest

from taskflow import plugin_api
from taskflow.bootstrap.hook_docs import list_methods, list_parts
from taskflow.plugin_api import context, data, errors, hooks, manifest, protocols
from tests.docs.blocks import ROOT

PARTS = [part for module in (hooks, protocols, context, manifest, data, errors) for part in list_parts(module)]
METHODS = [(part, name, found) for part in PARTS if inspect.isclass(part) for name, found in list_methods(part)]


def is_told(described: Any) -> bool:
    # A class would show that of the one it is made from.
    told = vars(described).get("__doc__") if inspect.isclass(described) else described.__doc__
    return bool((told or "").strip())


def test_the_contract_is_seen_whole() -> None:
    hookspecs = {name for name in vars(hooks) if name.startswith("taskflow_")}
    values = {"ENTRY_POINT_GROUP", "PLUGIN_API", "hookimpl"}
    assert {part.__name__ for part in PARTS} == (set(plugin_api.__all__) - values) | hookspecs
    assert {name for part, name, _ in METHODS if part is protocols.LLMProvider} == {"name", "complete", "check"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_hook_and_type_has_a_docstring(part: Any) -> None:
    assert is_told(part)


@pytest.mark.parametrize(
    ("part", "name", "found"), METHODS, ids=[f"{part.__name__}.{name}" for part, name, _ in METHODS]
)
def test_every_method_has_a_docstring(part: Any, name: str, found: Any) -> None:
    assert is_told(found)


def test_the_page_shows_every_hook_type_field_and_method() -> None:
    page = (ROOT / "docs" / "plugins" / "hooks.md").read_text(encoding="utf-8")
    for part in PARTS:
        mark = f"### `{part.__name__}" + ("`" if inspect.isclass(part) else "(")
        section = page[page.index(mark) :].split("\n### ")[0]
        assert inspect.cleandoc(part.__doc__ or "").split("\n")[0] in section
        fields = getattr(part, "model_fields", {})
        methods = [name for owner, name, _ in METHODS if owner is part]
        for name in [*fields, *methods]:
            assert f"`{name}" in section or f" {name}(" in section, (part.__name__, name)
