"""The words of HTML, as Markdown-like plain text: descriptions in exports of programs with a rich editor."""

import re
from html.parser import HTMLParser

_LOOKS_LIKE = re.compile(r"<(p|br|ul|ol|li|div|h[1-6]|strong|em|a|code|pre|blockquote)\b[^<>]{0,1000}>", re.IGNORECASE)
_BREAKS = frozenset({"p", "br", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "tr"})
_SILENT = frozenset({"script", "style"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str) -> str:
    """`text` without its tags where it looks like HTML, else as it is."""
    if _LOOKS_LIKE.search(text) is None:
        return text
    reader = _Text()
    reader.feed(text)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()
