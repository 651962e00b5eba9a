"""Exports that are zip archives: a file out of one, whatever was done to it, and never more than fits."""

import io
import lzma
import struct
import zipfile
import zlib
from typing import Final

from taskflow.domain.importers.records import ImportFormatError
from taskflow.domain.importers.texts import clean_line

#: What the files inside an archive may grow to.
MAX_UNPACKED: Final = 64 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
#: What reading a broken archive raises: of each kind of compression, of encryption and unknown kinds (RuntimeError), of
#: offsets and names that cannot be (OSError, ValueError, OverflowError), of an early end.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    RuntimeError,
    ValueError,
    OSError,
    OverflowError,
    EOFError,
)


def unpack(data: bytes, member: str, expected: str) -> bytes:
    """The file `member` of a zip archive, or `data` itself where that is no archive.

    `ImportFormatError` for a broken archive, one without the file, and one whose file is larger than `MAX_UNPACKED`.
    """
    if not data.startswith(_ZIP):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == member]
            if not names:
                raise ImportFormatError(f"The archive has no file {member}. Expected: {expected}")
            # What the archive says of a size is not believed: what is read is counted.
            with archive.open(names[0]) as file:
                unpacked = file.read(MAX_UNPACKED + 1)
    except _BROKEN as wrong:
        detail = clean_line(str(wrong))[:100] or type(wrong).__name__
        raise ImportFormatError(f"The archive cannot be unpacked ({detail}). Expected: {expected}") from None
    if len(unpacked) > MAX_UNPACKED:
        detail = f"{member} unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB. Export fewer tasks at once."
        raise ImportFormatError(detail)
    return unpacked


def member_names(data: bytes) -> list[str]:
    """The names of the files in an archive that `unpack` took; none of what is no archive."""
    if not data.startswith(_ZIP):
        return []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


class Contents:
    """The contents of an archive that `unpack` took, file by file; together they are at most `MAX_UNPACKED` bytes."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._left = MAX_UNPACKED

    def read(self, name: str, most: int) -> bytes:
        """A file of at most `most` bytes; `ImportFormatError` says why there is none."""
        try:
            with self._archive.open(name) as file:
                content = file.read(min(most, self._left) + 1)
        except KeyError:
            raise ImportFormatError("it is not in the archive.") from None
        except _BROKEN as wrong:
            raise ImportFormatError(f"the archive is damaged there ({type(wrong).__name__}).") from None
        if len(content) > most:
            raise ImportFormatError(f"it is larger than {most // 1024 // 1024} MB.")
        self._left -= len(content)
        if self._left < 0:
            self._left = 0
            raise ImportFormatError(f"the archive unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB.")
        return content
