"""What lists of tasks are ordered by: the expressions that `Task.Meta.indexes` hold, and keyset conditions on them.

Undated and undecided tasks come last in either direction, so each direction has an expression of its own that puts a
value beyond all others in their place; then plain comparisons of rows find the next page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from taskflow.store.sql import Sql, join

_FIRST, _LAST = "0001-01-01 00:00:00", "9999-12-31 00:00:00"

#: name → vendor → the expressions for the ascending and the descending order.
_EXPRESSIONS: dict[str, dict[str, tuple[str, str]]] = {
    "due": {
        "postgresql": (
            f"COALESCE(t.due_sort, '{_LAST}+00'::timestamptz)",
            f"COALESCE(t.due_sort, '{_FIRST}+00'::timestamptz)",
        ),
        "sqlite": (f"COALESCE(t.due_sort, '{_LAST}')", f"COALESCE(t.due_sort, '{_FIRST}')"),
    },
    "priority": dict.fromkeys(("postgresql", "sqlite"), ("COALESCE(NULLIF(t.priority, 0), 9)", "t.priority")),
    # These two columns compare byte by byte: what SQLite does by itself, and the collation "C" on PostgreSQL.
    "rank": dict.fromkeys(("postgresql", "sqlite"), ("t.rank",) * 2),
    "title": dict.fromkeys(("postgresql", "sqlite"), ("t.title_sort",) * 2),
    "urgency": dict.fromkeys(("postgresql", "sqlite"), ("t.urgency_score",) * 2),
    "created_at": dict.fromkeys(("postgresql", "sqlite"), ("t.created_at",) * 2),
    "updated_at": dict.fromkeys(("postgresql", "sqlite"), ("t.updated_at",) * 2),
}
NAMES = ("due", "priority", "urgency", "created_at", "updated_at", "rank", "title")


@dataclass(frozen=True, slots=True)
class Order:
    """Names of `NAMES`, each with whether it descends; at last the id, in the first one's direction."""

    keys: tuple[tuple[str, bool], ...]

    @property
    def signature(self) -> str:
        """What a cursor of this order says it belongs to."""
        return ",".join(f"{'-' if down else ''}{name}" for name, down in self.keys)

    @property
    def expressions(self) -> tuple[str, ...]:
        """What rows are compared by, the id last."""
        return (*(_EXPRESSIONS[name][connection.vendor][down] for name, down in self.keys), "t.id")

    @property
    def _descents(self) -> tuple[bool, ...]:
        return (*(down for _, down in self.keys), self.keys[0][1])

    @property
    def clause(self) -> str:
        """The terms of ORDER BY."""
        return self.clause_of(self.expressions)

    def clause_of(self, expressions: Sequence[str]) -> str:
        """The terms of ORDER BY where these stand for `expressions`."""
        pairs = zip(expressions, self._descents, strict=True)
        return ", ".join(f"{expression}{' DESC' if down else ''}" for expression, down in pairs)

    def beyond(self, place: Sequence[Any]) -> Sql:
        """Rows that come after the one with the values `place`."""
        terms = list(zip(self.expressions, self._descents, place, strict=True))
        if len(set(self._descents)) == 1:
            sign = "<" if self._descents[0] else ">"
            names = ", ".join(expression for expression, _, _ in terms)
            return Sql(f"({names}) {sign} ({', '.join(['%s'] * len(terms))})", tuple(place))
        alternatives = []
        for index, (expression, down, value) in enumerate(terms):
            equal = [Sql(f"{held} = %s", (known,)) for held, _, known in terms[:index]]
            alternatives.append(join("AND", [*equal, Sql(f"{expression} {'<' if down else '>'} %s", (value,))]))
        # The first term alone bounds an index; the alternatives do not.
        expression, down, value = terms[0]
        return join("AND", [Sql(f"{expression} {'<=' if down else '>='} %s", (value,)), join("OR", alternatives)])
