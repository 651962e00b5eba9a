"""From tokens to an expression, by recursive descent.

    expression = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" expression ")" | comparison
    comparison = name operator value | name ["not"] "in" "(" value { "," value } ")" | name

Every error has the position of the token that is wrong.
"""

import re

from taskflow.domain.filters.expressions import And, Comparison, Expression, Name, Not, Operator, Or, Present, Value
from taskflow.domain.filters.fields import FIELDS, read_value
from taskflow.domain.filters.tokens import FilterSyntaxError, Kind, Token, split_tokens

DEEPEST = 20
MOST_COMPARISONS = 50
MOST_IN_LIST = 100

_SIGNS = ("=", "!=", "<", "<=", ">", ">=", "~")
_RESERVED = ("and", "or", "not", "in")
#: What follows a date when a `+` became a space on its way, or when somebody wrote a space.
_OFFSET = re.compile(r"[+-]?(?:[0-9]{1,9}[A-Za-z]{1,3}|[0-9]{2}:[0-9]{2})")


def parse_filter(text: str) -> Expression:
    """The expression that `text` says; `FilterSyntaxError` with the position of what is wrong."""
    return _Parser(split_tokens(text)).parse()


class _Parser:
    """One pass over the tokens of one filter."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._comparisons = 0

    def parse(self) -> Expression:
        if len(self._tokens) == 1:
            raise FilterSyntaxError("The filter is empty. Write a comparison, as in priority >= high.", 0)
        found = self._any(0)
        if self._next.is_sign(")"):
            raise FilterSyntaxError("This parenthesis closes none. Remove it.", self._next.position)
        if self._next.kind is not Kind.END:
            raise self._unjoined()
        return found

    @property
    def _next(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._next
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def _any(self, depth: int) -> Expression:
        parts = [self._all(depth)]
        while self._next.is_word("or"):
            self._take()
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._next.is_word("and"):
            self._take()
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, depth: int) -> Expression:
        token = self._next
        if depth >= DEEPEST and (token.is_word("not") or token.is_sign("(")):
            raise FilterSyntaxError(f"Parentheses and 'not' go at most {DEEPEST} deep.", token.position)
        if token.is_word("not"):
            self._take()
            return Not(self._one(depth + 1))
        if token.is_sign("("):
            self._take()
            found = self._any(depth + 1)
            self._close(token)
            return found
        return self._comparison()

    def _close(self, opened: Token) -> None:
        if self._next.kind is Kind.END:
            detail = f"The parenthesis at position {opened.position} is not closed. Add ')'."
            raise FilterSyntaxError(detail, self._next.position)
        if not self._next.is_sign(")"):
            raise self._unjoined()
        self._take()

    def _unjoined(self) -> FilterSyntaxError:
        """A comparison is complete, and what follows joins nothing to it."""
        before, token = self._tokens[self._index - 1], self._next
        hint = ""
        if token.kind is Kind.WORD and before.kind is Kind.WORD:
            hint = " Text of several words stands in double quotes."
        return FilterSyntaxError(f"Write 'and' or 'or' before {token}.{hint}", token.position)

    def _comparison(self) -> Expression:
        token = self._next
        name = self._name()
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise FilterSyntaxError(f"A filter has at most {MOST_COMPARISONS} comparisons.", token.position)
        sign = self._next
        if sign.is_sign(*_SIGNS):
            self._take()
            operator = Operator(sign.text)
            self._check_operator(name, operator, sign)
            return Comparison(name, operator, (self._value(name, operator),))
        if sign.is_word("in"):
            return self._list(name)
        if sign.is_word("not"):
            self._take()
            if not self._next.is_word("in"):
                raise FilterSyntaxError("After a name, 'not' goes on with 'in'.", self._next.position)
            return Not(self._list(name))
        return self._alone(name, sign)

    def _name(self) -> Name:
        token = self._next
        known = ", ".join(Name)
        if token.kind is Kind.END or token.is_sign(")") or token.is_word(*_RESERVED):
            raise FilterSyntaxError(f"A comparison is missing before {token}, as in priority >= high.", token.position)
        if token.kind is not Kind.WORD or token.text.lower() not in list(Name):
            raise FilterSyntaxError(f"A comparison begins with a name, not {token}. Known: {known}.", token.position)
        return Name(self._take().text.lower())

    def _alone(self, name: Name, follower: Token) -> Expression:
        """A name without an operator, where that means something."""
        field = FIELDS[name]
        if (field.flag or field.optional) and (
            follower.kind is Kind.END or follower.is_sign(")") or follower.is_word("and", "or")
        ):
            return Comparison(name, Operator.EQUAL, (True,)) if field.flag else Present(name)
        detail = f"'{name}' needs an operator here, not {follower}: one of {_operators(name)}."
        raise FilterSyntaxError(detail, follower.position)

    def _check_operator(self, name: Name, operator: Operator, token: Token) -> None:
        if operator not in FIELDS[name].operators:
            detail = f"'{name}' cannot be compared with '{operator}'. It takes {_operators(name)}."
            raise FilterSyntaxError(detail, token.position)

    def _list(self, name: Name) -> Comparison:
        self._check_operator(name, Operator.IN, self._take())
        opened = self._next
        if not opened.is_sign("("):
            raise FilterSyntaxError("After 'in' comes a list, as in label in (home, garden).", opened.position)
        self._take()
        values = [self._value(name, Operator.IN)]
        while self._next.is_sign(","):
            self._take()
            if len(values) == MOST_IN_LIST:
                raise FilterSyntaxError(f"A list has at most {MOST_IN_LIST} values.", self._next.position)
            values.append(self._value(name, Operator.IN))
        if not self._next.is_sign(")"):
            if self._next.kind is Kind.END:
                detail = f"The list at position {opened.position} is not closed. Add ')'."
            else:
                detail = f"In a list, ',' or ')' comes after a value, not {self._next}."
            raise FilterSyntaxError(detail, self._next.position)
        self._take()
        return Comparison(name, Operator.IN, tuple(values))

    def _value(self, name: Name, operator: Operator) -> Value:
        token = self._next
        if token.kind is Kind.END or token.kind is Kind.SIGN:
            detail = f"'{name}' is compared with nothing here: give a value before {token}."
            raise FilterSyntaxError(detail, token.position)
        if token.is_word(*_RESERVED):
            detail = f"A value is missing before {token}. If the word itself is the value, put it in double quotes."
            raise FilterSyntaxError(detail, token.position)
        self._take()
        text = token.text
        if FIELDS[name].dated and token.kind is Kind.WORD:
            text += self._offset()
        try:
            return read_value(name, operator, text)
        except ValueError as error:
            raise FilterSyntaxError(str(error), token.position) from error

    def _offset(self) -> str:
        """`+7d` of `today +7d` and `today 7d`."""
        token = self._next
        if token.kind is not Kind.WORD or not _OFFSET.fullmatch(token.text):
            return ""
        self._take()
        return token.text if token.text[0] in "+-" else f"+{token.text}"


def _operators(name: Name) -> str:
    return ", ".join(operator for operator in Operator if operator in FIELDS[name].operators)
