"""Writes the page of what `taskflow.plugin_api` gives to plugins: names, signatures and docstrings, from the code."""

import ast
import copy
import inspect
import re
import types
from collections.abc import Callable, Iterator
from enum import EnumType
from typing import Any, TypeAlias

from pydantic import BaseModel

from taskflow import plugin_api
from taskflow.plugin_api import context, data, errors, hooks, manifest, protocols

NOTICE = "<!-- Made by `make docs` from the code; do not edit. -->"

_SECTIONS: tuple[tuple[str, types.ModuleType], ...] = (
    ("Hooks", hooks),
    ("What the objects do", protocols),
    ("What hooks are given", context),
    ("The manifest and settings", manifest),
    ("Data", data),
    ("Errors", errors),
)
_Part: TypeAlias = type[Any] | Callable[..., Any]


def write_hooks() -> str:
    """The page of hooks, protocols, data and errors."""
    lines = [
        "# Hooks, protocols and data",
        "",
        NOTICE,
        "",
        f"All of it is imported from `taskflow.plugin_api`, version {plugin_api.PLUGIN_API}; a plugin imports nothing "
        f"else of TaskFlow. The entry-point group is `{plugin_api.ENTRY_POINT_GROUP}`. [Writing a plugin](writing.md) "
        "shows it in use.",
    ]
    for title, module in _SECTIONS:
        lines += ["", f"## {title}", "", *_told(module)]
        for part in list_parts(module):
            lines += ["", *_describe(part, module)]
    return "\n".join(lines) + "\n"


def list_parts(module: types.ModuleType) -> list[_Part]:
    """The public classes and hooks that a module of the contract defines, in its order."""
    made = [found for found in vars(module).values() if getattr(found, "__module__", None) == module.__name__]
    return [found for found in made if inspect.isclass(found) or inspect.isfunction(found) if _is_public(found)]


def list_methods(described: type[Any]) -> list[tuple[str, Any]]:
    """The public methods and properties that a class defines itself, in its order."""
    named = [(name, found) for name, found in vars(described).items() if not name.startswith("_")]
    return [(name, found) for name, found in named if inspect.isfunction(found) or isinstance(found, property)]


def _is_public(part: _Part) -> bool:
    return not part.__name__.startswith("_") and (inspect.isclass(part) or part.__name__.startswith("taskflow_"))


def _told(described: Any) -> list[str]:
    """A docstring's paragraphs, each a line of Markdown."""
    paragraphs = inspect.cleandoc(described.__doc__ or "").split("\n\n")
    return [line for text in paragraphs for line in ("", text.replace("\n", " "))][1:]


def _describe(part: _Part, module: types.ModuleType) -> Iterator[str]:
    tree = ast.parse(inspect.getsource(module))
    (found,) = [each for each in tree.body if getattr(each, "name", None) == part.__name__]
    if isinstance(found, ast.ClassDef) and inspect.isclass(part):
        yield from _describe_class(part, found)
    elif isinstance(found, ast.FunctionDef):
        yield from [f"### `{part.__name__}{_signature(found)}`", "", *_told(part)]


def _describe_class(part: type[Any], found: ast.ClassDef) -> Iterator[str]:
    yield from [f"### `{part.__name__}`", "", *_told(part)]
    assigned = _assigned(part, found)
    if isinstance(part, EnumType):
        yield ""
        for name, (_, note) in assigned.items():
            yield f"- `{part.__name__}.{name}` (`{part[name].value}`){f': {note}' if note else ''}"
    elif issubclass(part, BaseModel) and part.model_fields:
        yield from ["", "| field | type | limits | default | meaning |", "| --- | --- | --- | --- | --- |"]
        for name, (statement, note) in assigned.items():
            shape, limits = _split(statement.annotation)
            yield f"| `{name}` | {_code(shape)} | {_code(limits)} | {_default(statement)} | {note} |"
    methods = dict(list_methods(part))
    # Of a class that is made and raised, how it is made.
    shown = {"__init__"} if issubclass(part, Exception) else set(methods)
    for each in found.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name in shown:
            yield from ["", *_describe_method(each, methods.get(each.name))]


def _describe_method(method: ast.FunctionDef | ast.AsyncFunctionDef, found: Any) -> Iterator[str]:
    if isinstance(found, property):
        yield f"- `{method.name}: {_text(method.returns)}`"
    else:
        word = "async " if isinstance(method, ast.AsyncFunctionDef) else ""
        yield f"- `{word}{method.name}{_signature(method)}`"
    for line in _told(found) if found is not None else []:
        yield f"  {line}".rstrip()


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = re.sub(r"\bself(, )?", "", ast.unparse(function.args))
    return f"({arguments})" if function.name == "__init__" else f"({arguments}) -> {_text(function.returns)}"


def _assigned(part: type[Any], found: ast.ClassDef) -> dict[str, tuple[Any, str]]:
    """The fields or members of a class: the statement, and the comment that begins with `#:` before it."""
    lines = inspect.getsource(part).splitlines()
    # Decorators come first in the source, and the class after them.
    first = found.lineno
    assigned: dict[str, tuple[Any, str]] = {}
    for each in found.body:
        target = each.target if isinstance(each, ast.AnnAssign) else getattr(each, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id != "model_config":
            assigned[target.id] = each, _note(lines, each.lineno - first)
    return assigned


def _note(lines: list[str], at: int) -> str:
    notes: list[str] = []
    while (line := lines[at - 1 - len(notes)].strip()).startswith("#:"):
        notes.insert(0, line.removeprefix("#:").strip())
    return " ".join(notes)


class _Unfold(ast.NodeTransformer):
    """Puts what the names of types stand for that are the contract's own and not public, and takes limits out."""

    def __init__(self) -> None:
        tree = ast.parse(inspect.getsource(data))
        self._meant = {
            each.target.id: each.value
            for each in tree.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None
        }
        self.limits: list[str] = []

    def visit_Name(self, node: ast.Name) -> ast.expr:
        meant = self._meant.get(node.id)
        return node if meant is None else self.visit(copy.deepcopy(meant))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if not (
            isinstance(node.value, ast.Name) and node.value.id == "Annotated" and isinstance(node.slice, ast.Tuple)
        ):
            return self.generic_visit(node)  # type: ignore[return-value]
        shape, *limits = node.slice.elts
        for limit in limits:
            self.limits += [ast.unparse(each) for each in limit.keywords] if isinstance(limit, ast.Call) else []
        return self.visit(shape)  # type: ignore[no-any-return]


def _split(annotation: ast.expr) -> tuple[str, str]:
    """A field's type, and its limits as pydantic names them."""
    unfold = _Unfold()
    shape = ast.unparse(unfold.visit(copy.deepcopy(annotation)))
    return shape, ", ".join(unfold.limits)


def _default(statement: ast.AnnAssign) -> str:
    return "required" if statement.value is None else _code(ast.unparse(statement.value))


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)
