"""Texts of imported files: decoding, cleaning, and the limits of titles and descriptions."""

import re
from typing import Final

from taskflow.domain.importers.records import MAX_DESCRIPTION, MAX_TITLE, ImportFormatError, Problems

#: Control characters that no text needs (databases refuse NUL), and halves of surrogate pairs, which UTF-8 cannot hold.
_UNWANTED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACES: Final = re.compile(r"\s+")
_LONGEST_QUOTE: Final = 200


def decode(data: bytes, problems: Problems, *, expected: str) -> str:
    """The file's text: UTF-8, or UTF-16 with a byte order mark; NUL characters are left out, with a problem.

    Raises `ImportFormatError`, which says what was `expected`, for any other encoding and for an empty file.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise ImportFormatError(
            f"Line {line} is not UTF-8 text. Save the file as UTF-8. Expected: {expected}"
        ) from None
    if not text.strip():
        raise ImportFormatError(f"The file is empty. Expected: {expected}")
    first = text.find("\0")
    if first >= 0:
        problems.add(text.count("\n", 0, first) + 1, f"{text.count(chr(0))} NUL characters were left out.")
        text = text.replace("\0", "")
    return text


def clean(text: str) -> str:
    """`text` without control characters (tabs and line ends stay, as \\n) and without space at its ends."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def clean_line(text: str) -> str:
    """`text` as one line: cleaned, every run of white space being one space."""
    return _SPACES.sub(" ", clean(text)).strip()


def quote(text: str) -> str:
    """`text` in quotation marks for a problem's detail, cut where it gets long."""
    line = clean_line(text)
    return f'"{line[:_LONGEST_QUOTE]}…"' if len(line) > _LONGEST_QUOTE else f'"{line}"'


def fit(title: str, parts: list[str], line: int, problems: Problems) -> tuple[str, str]:
    """Title and description within their limits.

    What a title has beyond 500 characters begins the description, and `parts` follow as paragraphs. What a
    description has beyond 100,000 characters is left out, with a problem.
    """
    head, rest = title[:MAX_TITLE].rstrip(), title[MAX_TITLE:].strip()
    if rest:
        head, rest = f"{title[: MAX_TITLE - 1].rstrip()}…", f"…{title[MAX_TITLE - 1 :].strip()}"
        problems.add(
            line, f"The title is longer than {MAX_TITLE} characters: its rest begins the description.", "title"
        )
    description = "\n\n".join(part for part in [rest, *parts] if part)
    if len(description) > MAX_DESCRIPTION:
        problems.add(
            line,
            f"The description is longer than {MAX_DESCRIPTION:,} characters: its last "
            f"{len(description) - MAX_DESCRIPTION:,} were left out. Copy them into a comment.",
            "description",
        )
    return head, description[:MAX_DESCRIPTION]
