"""Names of files that people send: kept as data, without anything that could deceive a person or a program."""

import re
import unicodedata

LONGEST = 255
UNNAMED = "file"

#: Characters that Windows, macOS or a shell give a meaning: paths, drives, streams, wildcards, quotes.
_SPECIAL = re.compile(r'[<>:"/\\|?*]')
#: Control characters, marks that turn the reading direction or cannot be seen, lone surrogates, line ends.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
#: Names that are devices on Windows, whatever their extension.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_LONGEST_EXTENSION = 20


def clean_name(name: str) -> str:
    """`name` without path, unseen characters and what file systems give a meaning; 1 to 255 characters and bytes.

    The extension outlives the cut. What is left of nothing is called `file`.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(character for character in last if unicodedata.category(character) not in _UNSEEN)
    plain = _SPECIAL.sub("_", " ".join(seen.split())).strip(". ")
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    return _shorten(plain) or UNNAMED


def extension_of(name: str) -> str:
    """The last extension of a clean name, folded and without its dot; empty where there is none."""
    _, dot, extension = name.rpartition(".")
    return extension.casefold() if dot else ""


def _shorten(name: str) -> str:
    """At most 255 bytes of UTF-8, which is what file systems take and never more characters."""
    if len(name.encode()) <= LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > _LONGEST_EXTENSION:
        stem, ending = name, ""
    else:
        ending = f".{extension}"
    cut = stem.encode()[: LONGEST - len(ending.encode())].decode("utf-8", "ignore")
    return f"{cut.rstrip('. ')}{ending}"
