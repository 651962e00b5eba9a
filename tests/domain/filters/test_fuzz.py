"""The filter language under random input."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskflow.domain.filters import FilterSyntaxError, parse_filter
from taskflow.domain.filters.expressions import Base, Expression, Name, Operator
from tests.domain.filters.expressions import VALUES, comparisons, expressions, texts, write

#: Pieces of which something nearly right is made.
PIECES = st.sampled_from(
    [
        *Name,
        *Operator,
        *Base,
        *(
            "and",
            "or",
            "not",
            "in",
            "(",
            ")",
            ",",
            '"',
            "\\",
            "!",
            "==",
            "me",
            "high",
            "todo",
            "true",
            "+7d",
            "2026-12-01",
        ),
        *("HOME-1", "1h30m", "99", " ", "\n", "é", "\x00", "'", "x" * 501),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)))
@settings(max_examples=500)
@example("(" * 2_000)
@example("not " * 500)
@example('"' * 1_999)
@example("title ~ " + "\\" * 1_000)
def test_any_text_is_an_expression_or_has_an_error_at_a_position_within_it(text: str) -> None:
    error = error_of(text)
    assert error is None or (error.detail and 0 <= error.position <= len(text))


def error_of(text: str) -> FilterSyntaxError | None:
    try:
        parse_filter(text)
    except FilterSyntaxError as error:
        return error
    return None


@given(expressions(comparisons(VALUES, dict.fromkeys(Name, texts))))
@settings(max_examples=500)
def test_what_an_expression_is_written_as_means_the_same(expression: Expression) -> None:
    assert parse_filter(write(expression)) == expression
