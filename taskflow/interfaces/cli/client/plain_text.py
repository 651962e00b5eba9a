"""Text that others wrote, made harmless for a terminal."""

import unicodedata

#: Joiners belong to emoji and to several scripts, and move nothing on the screen.
_HARMLESS = frozenset("\u200c\u200d")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: object) -> str:
    """`text` on one line, with every control, escape, direction and surrogate character shown as one `�`.

    As long as it was: positions within the text still hold.
    """
    return "".join(map(_neutral, str(text)))


def _neutral(character: str) -> str:
    if character.isprintable() or character in _HARMLESS:
        return character
    if character in "\t\n\r":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in _REFUSED else character
