"""Random expressions of the filter language, and how one is written."""

import string
import unicodedata
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from taskflow.domain.filters.expressions import (
    And,
    Base,
    Comparison,
    Expression,
    Name,
    Not,
    Operator,
    Or,
    Present,
    Relative,
    Unit,
    Value,
)
from taskflow.domain.filters.fields import FIELDS, STATUSES
from taskflow.domain.priority import Priority

_MOST = {Unit.MINUTE: 10_000, Unit.HOUR: 1_000, Unit.DAY: 400, Unit.WEEK: 60, Unit.MONTH: 30, Unit.YEAR: 100}

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t\r"), max_size=20)
relatives = st.one_of(
    st.builds(Relative, st.sampled_from(Base)),
    st.sampled_from(Unit).flatmap(
        lambda unit: st.builds(Relative, st.sampled_from(Base), st.integers(-_MOST[unit], _MOST[unit]), st.just(unit))
    ),
)
moments = st.one_of(
    relatives,
    st.dates(date(1900, 1, 1), date(9998, 12, 31)),
    st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC)),
)
keys = st.builds(
    lambda first, rest, number: f"{first}{rest}-{number}",
    st.sampled_from(string.ascii_uppercase),
    st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=9),
    st.integers(0, 999_999_999),
)
references = st.one_of(keys, st.uuids().map(str))

VALUES: dict[Name, st.SearchStrategy[Value]] = {
    Name.TITLE: texts,
    Name.DESCRIPTION: texts,
    Name.STATUS: st.sampled_from(STATUSES),
    Name.PRIORITY: st.sampled_from(Priority),
    Name.DUE: moments,
    Name.START: moments,
    Name.CREATED: moments,
    Name.UPDATED: moments,
    Name.COMPLETED: moments,
    Name.LABEL: texts,
    Name.ASSIGNEE: texts,
    Name.PROJECT: texts,
    Name.KEY: references,
    Name.PARENT: references,
    Name.URGENCY: st.integers(0, 400).map(lambda quarters: quarters / 4),
    Name.OVERDUE: st.booleans(),
    Name.BLOCKED: st.booleans(),
    Name.ESTIMATE: st.integers(0, 10_000),
}


def comparisons(
    values: dict[Name, st.SearchStrategy[Value]], contained: dict[Name, st.SearchStrategy[str]]
) -> st.SearchStrategy[Expression]:
    """One comparison of any name with any of its operators; `contained` is what `~` looks for."""

    def compare(pair: tuple[Name, Operator]) -> st.SearchStrategy[Expression]:
        name, operator = pair
        if operator is Operator.CONTAINS:
            return contained.get(name, texts).map(lambda part: Comparison(name, operator, (part,)))
        most = 4 if operator is Operator.IN else 1
        chosen = st.lists(values[name], min_size=1, max_size=most)
        return chosen.map(lambda found: Comparison(name, operator, tuple(found)))

    pairs = [(name, operator) for name, field in FIELDS.items() for operator in Operator if operator in field.operators]
    optional = [name for name, field in FIELDS.items() if field.optional]
    return st.one_of(st.sampled_from(pairs).flatmap(compare), st.sampled_from(optional).map(Present))


def expressions(one: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Comparisons joined in any way, within the language's limits."""

    def join(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(one, join, max_leaves=10)


def write(expression: Expression) -> str:
    """The text of an expression."""
    match expression:
        case Or(parts):
            return " or ".join(f"({write(part)})" if isinstance(part, Or) else write(part) for part in parts)
        case And(parts):
            return " and ".join(f"({write(part)})" if isinstance(part, And | Or) else write(part) for part in parts)
        case Not(part):
            return f"not ({write(part)})" if isinstance(part, And | Or) else f"not {write(part)}"
        case Present(name):
            return name.value
        case Comparison(name, Operator.IN, values):
            return f"{name} in ({', '.join(write_value(value) for value in values)})"
        case Comparison(name, operator, values):
            return f"{name} {operator} {write_value(values[0])}"


def write_value(value: Value) -> str:
    """A value as a bare word where it can be one, in quotes otherwise."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Relative(base, amount, unit):
            return base.value if unit is None else f"{base}{amount:+}{unit}"
        case str():
            plain = all(c == "_" or unicodedata.category(c)[0] in "LN" for c in value)
            if value and plain and value.lower() not in {"and", "or", "not", "in"}:
                return str(value)
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)
