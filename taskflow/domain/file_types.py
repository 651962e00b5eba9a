"""Which files may be attached, and what type they are stored as.

What a file is, is read from its first bytes; its name and what the client claims must not contradict that. Programs and
documents that a browser would run are refused: they are served as downloads only, but what is downloaded is opened.
"""

import re
from codecs import getincrementaldecoder
from dataclasses import dataclass

from taskflow.domain.errors import Invalid
from taskflow.domain.file_names import extension_of

FIELD = "file"
#: As much of a file as its type is told by.
HEAD = 8192
UNKNOWN = "application/octet-stream"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Extensions that a double click runs, on whatever system.
PROGRAMS = _words("""
    apk app application appref-ms appx bat chm cmd com cpl crx deb dll dmg exe gadget hta inf ins iso jar js jse lnk
    mjs msc msi msix msp mst ocx pif pkg ps1 psm1 reg rpm scf scr sct sys url vb vbe vbs ws wsc wsf wsh xpi
""")
#: Documents that hold scripts which a browser runs.
ACTIVE = _words("htm html mht mhtml shtml svg svgz swf xht xhtml xsl xslt")
_ACTIVE_CLAIMS = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "application/x-shockwave-flash"})

#: Found contents that are programs, whatever they are called.
_PROGRAM_CONTENT = frozenset({"exe", "elf", "crx", "deb", "rpm", "wasm", "swf"})

#: Extensions of one format, or of formats that the first bytes do not tell apart.
_FAMILIES: tuple[frozenset[str], ...] = tuple(
    _words(line)
    for line in (
        "jpg jpeg jpe jfif",
        "tif tiff cr2 nef dng arw",
        "png apng",
        "heic heif avif",
        "mp4 m4v m4a m4b mov qt 3gp 3g2 heic heif avif",
        "ogg oga ogv opus",
        "mkv webm mka",
        "mpg mpeg mp2 mp3 aac",
        "midi mid",
        "aiff aif aifc",
        "wav wave",
        "wmv wma asf",
        # Containers whose members may come in any order: a document can look like the plain archive.
        "zip docx docm dotx xlsx xlsm xltx pptx ppsx potx odt ods odp odg epub cbz kmz usdz key numbers pages vsdx 3mf",
        "doc xls ppt dot pps msg vsd mpp",
        "gz tgz svgz",
        "bz2 tbz tbz2",
        "xz txz",
        "zst tzst",
        "ps eps ai",
        "pdf ai",
        "sqlite sqlite3 db",
        "dcm dicom",
        "woff woff2",
        "ttf otf ttc",
        "ar a lib",
        "rar cbr",
        "7z cb7",
    )
)
#: Extensions whose files always begin in a way that can be told.
_TOLD = _words("""
    jpg jpeg png apng gif webp tif tiff bmp psd heic avif pdf zip docx xlsx pptx odt ods odp epub doc xls ppt rar gz
    tgz bz2 7z xz zst flac ogg wav mp4 mov webm mkv avi sqlite rtf woff woff2
""")
_TEXT = {
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "rst": "text/plain",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "yaml": "text/plain",
    "yml": "text/plain",
    "toml": "text/plain",
    "ini": "text/plain",
    "xml": "application/xml",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "eml": "message/rfc822",
    "diff": "text/plain",
    "patch": "text/plain",
    "sql": "text/plain",
}
#: Formats that are text themselves.
_TEXT_FORMATS = frozenset({"rtf", "pdf", "ps"})
#: Extensions of source code that systems take for video.
_CODE = frozenset({"ts", "mts"})
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
#: How a document begins that a browser would take for HTML or SVG, after a declaration, a type and comments. Nothing is
#: matched twice: a hostile file has a thousand comments.
_ROOT = re.compile(
    rb"(?>\s|<\?xml[^>]{0,500}\?>|<!--.{0,2000}?-->|<!doctype\s+svg[^>]{0,500}>)*+"
    rb"<(?:!doctype\s+html|html[\s>]|svg[\s>]|script[\s>])",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the first bytes show: the format's usual extension and its media type."""

    extension: str
    media_type: str


def decide_type(name: str, claimed: str, head: bytes, found: Found | None) -> str:
    """The media type that a file is stored as; `Invalid` for a program, active content, or a contradiction.

    `name` is clean, `claimed` is the client's media type (may be empty), `head` the first `HEAD` bytes, and `found`
    what a library reads in them.
    """
    extension = extension_of(name)
    if found is not None and found.extension not in _TEXT_FORMATS and _is_plain(head):
        # Two letters make a bitmap (BM) or a program (MZ); the real ones have bytes that no text has.
        found = None
    if extension in PROGRAMS or (found is not None and found.extension in _PROGRAM_CONTENT):
        raise Invalid.field(FIELD, "program", "Programs cannot be attached. Put it into a .zip, or link to it.")
    claim = claimed.partition(";")[0].strip().lower()
    if extension in ACTIVE or claim in _ACTIVE_CLAIMS or _is_document(head):
        detail = "Web pages and SVG can hold scripts, so they cannot be attached. Send a PDF, a PNG or a .zip."
        raise Invalid.field(FIELD, "active_content", detail)
    if found is None:
        return _decide_untold(extension, claim, head)
    if extension and not _agree(extension, found.extension) and (extension in _TOLD or extension in _TEXT):
        raise _mismatch(f"The name ends in .{extension[:20]}, but the content is {found.media_type}.")
    if not _is_like(claim, found.media_type):
        raise _mismatch(f"Content-Type says {claim[:80]}, but the content is {found.media_type}.")
    return found.media_type


def _decide_untold(extension: str, claim: str, head: bytes) -> str:
    """For content without a known beginning: text, or something that only its own program knows."""
    if extension in _TOLD:
        raise _mismatch(f"The name ends in .{extension}, but the content is something else.")
    if claim == "application/pdf" or (claim.startswith(("image/", "audio/", "video/")) and extension not in _CODE):
        raise _mismatch(f"Content-Type says {claim[:80]}, but the content is something else.")
    if _is_text(head):
        return _TEXT.get(extension, "text/plain")
    if extension in _TEXT:
        raise _mismatch(f"The name ends in .{extension}, but the content is not text.")
    return UNKNOWN


def _agree(extension: str, found: str) -> bool:
    return extension == found or any(extension in family and found in family for family in _FAMILIES)


def _is_like(claim: str, media_type: str) -> bool:
    """Clients name types by their own tables, so only a claim of another kind of thing is a contradiction."""
    if not claim or claim == UNKNOWN:
        return True
    kind = claim.partition("/")[0]
    if kind == "image":
        return media_type.startswith("image/")
    if kind == "text":
        return claim == "text/rtf" and media_type == "application/rtf"
    if kind in {"audio", "video"}:
        return media_type.startswith(("audio/", "video/"))
    return claim != "application/pdf" or media_type in {claim, "application/postscript"}


def _is_document(head: bytes) -> bool:
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return _ROOT.match(head.replace(b"\x00", b"")) is not None


def _is_text(head: bytes) -> bool:
    """Without a NUL, or marked as UTF-16: the encoding is the reader's business."""
    return head.startswith(_MARKS[1:]) or b"\x00" not in head


def _is_plain(head: bytes) -> bool:
    """UTF-8 text; the last character may be cut."""
    try:
        getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head


def _mismatch(what: str) -> Invalid:
    return Invalid.field(FIELD, "type_mismatch", f"{what} Give the file its right name and type.")
