"""The filter language: text to a checked, frozen expression, with a position in every error.

    read_filter("filter", 'priority >= high and not label = waiting')

`docs/filters.md` describes the language. What an expression means is compiled to SQL by `store/task_filters.py`.
"""

from taskflow.domain.errors import FieldError, Invalid
from taskflow.domain.filters.expressions import Expression
from taskflow.domain.filters.parser import parse_filter
from taskflow.domain.filters.tokens import FilterSyntaxError

__all__ = ["Expression", "FilterSyntaxError", "parse_filter", "read_filter"]


def read_filter(field: str, text: str) -> Expression:
    """The expression that `text` says; `Invalid` (`syntax`) names `field` and the position where it is wrong."""
    try:
        return parse_filter(text)
    except FilterSyntaxError as error:
        problem = FieldError(field, "syntax", error.detail, position=error.position)
        raise Invalid([problem], "The filter cannot be understood.") from error
