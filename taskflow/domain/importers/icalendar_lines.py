"""The lines of an iCalendar file (RFC 5545, 3.1): unfolded, taken apart, and gathered into components."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

#: Lines that are folded into one.
_MOST_PIECES: Final = 10_000
_LONGEST_LINE: Final = 1_000_000
_CONTENT: Final = re.compile(r'([A-Za-z0-9-]{1,100})((?:;[A-Za-z0-9-]{1,100}=(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]{1,100})=((?:"[^"]*"|[^":;])*)')


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: `params` by their names in capitals, `value` as it stands in the file."""

    name: str
    params: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value as text, unescaped."""
        return unescape(self.value)


def unescape(value: str) -> str:
    """A value as text."""
    return re.sub(r"\\([nN,;:\\\"])", lambda found: "\n" if found[1] in "nN" else found[1], value)


@dataclass(slots=True)
class Component:
    """A task or an event as its lines say, and what its alarms trigger on."""

    kind: str
    line: int
    properties: dict[str, list[Property]] = field(default_factory=dict)
    triggers: list[Property] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str:
        found = self.first(name)
        return found.text if found else ""


def content_lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfolded content lines with the numbers of the lines they begin on."""
    held: list[str] = []
    begin = 1
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.removesuffix("\r")
        if line[:1] in (" ", "\t") and held:
            if len(held) < _MOST_PIECES:
                held.append(line[1:])
            continue
        if held:
            yield begin, "".join(held)
        held, begin = [line] if line else [], number
    if held:
        yield begin, "".join(held)


def read_property(line: str) -> Property:
    """`ValueError` for what is no content line."""
    # The library's own reading of a line loses which commas and semicolons of the value were escaped.
    found = _CONTENT.fullmatch(line[:_LONGEST_LINE])
    if found is None:
        raise ValueError("it is not NAME:value")
    params = {each[1].upper(): each[2].strip('"') for each in _PARAMETER.finditer(found[2])}
    return Property(found[1].upper(), params, found[3])
