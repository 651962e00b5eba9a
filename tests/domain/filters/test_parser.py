"""The filter language: what is understood, and where an error is shown."""

from datetime import UTC, date, datetime

import pytest

from taskflow.domain.errors import Invalid
from taskflow.domain.filters import FilterSyntaxError, parse_filter, read_filter
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


def same(name: Name, *values: Value) -> Comparison:
    return Comparison(name, Operator.EQUAL, values)


TODO, HIGH, RED = same(Name.STATUS, "todo"), same(Name.PRIORITY, Priority.HIGH), same(Name.LABEL, "red")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("status = todo or priority = high and label = red", Or((TODO, And((HIGH, RED))))),
        ("(status = todo or priority = high) and label = red", And((Or((TODO, HIGH)), RED))),
        ("not status = todo and priority = high", And((Not(TODO), HIGH))),
        ("not (status = todo and priority = high)", Not(And((TODO, HIGH)))),
        ("not not status = todo", Not(Not(TODO))),
        ("  STATUS=Todo AND\n Priority  =  HIGH ", And((TODO, HIGH))),
        ("((status = todo))", TODO),
        ('label in (red, "dark blue")', Comparison(Name.LABEL, Operator.IN, ("red", "dark blue"))),
        ("label not in (red)", Not(Comparison(Name.LABEL, Operator.IN, ("red",)))),
        (r'title = "say \"hi\" \\ bye"', same(Name.TITLE, r'say "hi" \ bye')),
        ('title ~ ""', Comparison(Name.TITLE, Operator.CONTAINS, ("",))),
        ('title = "and"', same(Name.TITLE, "and")),
        ("title = Füße", same(Name.TITLE, "Füße")),
        ("overdue", same(Name.OVERDUE, True)),
        ("blocked = False", same(Name.BLOCKED, False)),
        ("not due", Not(Present(Name.DUE))),
        ("(due)", Present(Name.DUE)),
        ("due and label", And((Present(Name.DUE), Present(Name.LABEL)))),
        ("estimate = 1h30m", same(Name.ESTIMATE, 90)),
        ("estimate = 2H", same(Name.ESTIMATE, 120)),
        ("estimate = 45min", same(Name.ESTIMATE, 45)),
        ("urgency >= 12.5", Comparison(Name.URGENCY, Operator.AT_LEAST, (12.5,))),
        ("key = home-12", same(Name.KEY, "HOME-12")),
        ("key ~ home", Comparison(Name.KEY, Operator.CONTAINS, ("home",))),
        (
            "parent = 0192F0C0-0000-7000-8000-000000000000",
            same(Name.PARENT, "0192f0c0-0000-7000-8000-000000000000"),
        ),
    ],
)
def test_an_expression_means(text: str, meaning: Expression) -> None:
    assert parse_filter(text) == meaning


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-12-01", date(2026, 12, 1)),
        ('"2026-12-01"', date(2026, 12, 1)),
        ("2026-12-01T09:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-12-01T09:00:00.25+01:00", datetime(2026, 12, 1, 8, 0, 0, 250_000, tzinfo=UTC)),
        ("now", Relative(Base.NOW)),
        ("TODAY+7D", Relative(Base.TODAY, 7, Unit.DAY)),
        ("today-2w", Relative(Base.TODAY, -2, Unit.WEEK)),
        ("now+90min", Relative(Base.NOW, 90, Unit.MINUTE)),
        ("endofmonth+1y", Relative(Base.END_OF_MONTH, 1, Unit.YEAR)),
        # A '+' that an address turned into a space, and what people write.
        ("today 7d", Relative(Base.TODAY, 7, Unit.DAY)),
        ("today +7d", Relative(Base.TODAY, 7, Unit.DAY)),
        ("today -7d", Relative(Base.TODAY, -7, Unit.DAY)),
        ("2026-12-01T09:00:00 01:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_date_is_written(text: str, value: Value) -> None:
    assert parse_filter(f"due < {text}") == Comparison(Name.DUE, Operator.LESS, (value,))


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("colour = red", 0, "Known: title"),
        ("status = todo and colour = red", 18, "Known: title"),
        ('"status" = todo', 0, "begins with a name"),
        ("= todo", 0, "begins with a name"),
        ("status", 6, "one of =, !=, in"),
        ("status todo", 7, "one of =, !=, in"),
        ("priority and due", 9, "needs an operator"),
        ("status =", 8, "give a value"),
        ("status = ", 9, "give a value"),
        ("status = (", 9, "give a value"),
        ("priority == high", 10, "give a value"),
        ("status = todo and", 17, "comparison is missing"),
        ("and status = todo", 0, "comparison is missing"),
        ("not", 3, "comparison is missing"),
        ("()", 1, "comparison is missing"),
        ("title = and", 8, "double quotes"),
        ("(status = todo", 14, "not closed"),
        ("status = todo)", 13, "closes none"),
        ("(status = todo priority = high)", 15, "'and' or 'or'"),
        ("title ~ buy milk", 12, "double quotes"),
        ('title ~ "milk', 8, "not closed"),
        (r'title ~ "a\n"', 10, "backslash"),
        ("title ~ 'milk'", 8, "straight double quotes"),
        ("title ~ “milk”", 8, "straight double quotes"),
        ("title ! milk", 6, "not"),
        ("title ~ a\x00b", 9, "Control"),
        ("title ~ a\ud800b", 9, "Control"),
        ("label in red", 9, "comes a list"),
        ("label in ()", 10, "give a value"),
        ("label in (red", 13, "not closed"),
        ("label in (red blue)", 14, "',' or ')'"),
        ("label in (red,)", 14, "give a value"),
        ("label not red", 10, "goes on with 'in'"),
        ("overdue in (true)", 8, "takes =, !="),
        ("title < 5", 6, "takes =, !=, ~, in"),
        ("status > todo", 7, "takes =, !=, in"),
        ("due ~ 2026", 4, "takes =, !=, <, <=, >, >=, in"),
        ("parent ~ HOME", 7, "takes =, !=, in"),
        ("priority = huge", 11, "none, low, medium, high, urgent"),
        ("priority in (high, huge)", 19, "none, low, medium, high, urgent"),
        ("status = open", 9, "todo, in_progress, done, cancelled"),
        ("overdue = 3", 10, "true nor false"),
        ("estimate = soon", 11, "minutes"),
        ("estimate = 1.5h", 11, "minutes"),
        ('estimate = ""', 11, "minutes"),
        ("urgency > 101", 10, "0 to 100"),
        ("urgency > -1", 10, "0 to 100"),
        ("key = home", 6, "HOME-12"),
        ("parent = me", 9, "HOME-12"),
        ("due < soon", 6, "2026-12-01"),
        ("due < 2026-02-30", 6, "calendar"),
        ("due < 2026-02-30T09:00Z", 6, "calendar"),
        ("due < 2026-12-01T25:00Z", 6, "no time"),
        ("due < 2026-12-01T09:00", 6, "offset"),
        ("due < 1899-12-31", 6, "1900"),
        ("due < 9999-01-01", 6, "9998"),
        ("due < today+101y", 6, "hundred years"),
        ("due < today+7x", 6, "units"),
        ("due < today+", 6, "units"),
        ("due < today tomorrow", 12, "'and' or 'or'"),
    ],
)
def test_an_error_has_its_position_and_its_remedy(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(text)
    assert caught.value.position == position
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("within", "beyond", "position"),
    [
        ("not " * 20 + "due", "not " * 21 + "due", 80),
        ("(" * 20 + "due" + ")" * 20, "(" * 21 + "due" + ")" * 21, 20),
        (" and ".join(["due"] * 50), " and ".join(["due"] * 51), 400),
        (f"label in ({','.join('x' * 100)})", f"label in ({','.join('x' * 101)})", 210),
        (f"title = {'x' * 500}", f"title = {'x' * 501}", 8),
        (f'title = "{"x" * 500}"', f'title = "{"x" * 501}"', 8),
        ("due" + " " * 1_997, "due" + " " * 1_998, 2_000),
    ],
)
def test_a_filter_has_limits(within: str, beyond: str, position: int) -> None:
    parse_filter(within)
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(beyond)
    assert caught.value.position == position


def test_every_name_can_be_compared() -> None:
    assert set(FIELDS) == set(Name)


def test_an_error_becomes_one_of_the_field_that_holds_the_filter() -> None:
    with pytest.raises(Invalid) as caught:
        read_filter("expression", "priority = huge")
    (error,) = caught.value.errors
    assert (error.field, error.code, error.position) == ("expression", "syntax", 11)


def test_statuses_are_those_of_tasks() -> None:
    from taskflow.store.models.tasks import TaskStatus

    assert list(STATUSES) == TaskStatus.values
