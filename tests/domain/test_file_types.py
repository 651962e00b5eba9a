"""What a file is: its first bytes decide, and name and claim must not contradict them."""

import gzip
import io
import time
import zipfile

import filetype
import pytest

from taskflow.domain.errors import Invalid
from taskflow.domain.file_types import HEAD, Found, decide_type

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00;"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00"
ELF = b"\x7fELF\x02\x01\x01\x00" + bytes(48)
BMP = b"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


def decide(name: str, content: bytes, claimed: str = "") -> str:
    head = content[:HEAD]
    kind = filetype.guess(head)
    return decide_type(name, claimed, head, None if kind is None else Found(kind.extension, kind.mime))


@pytest.mark.parametrize(
    ("name", "content", "claimed", "stored"),
    [
        ("a.png", PNG, "image/png", "image/png"),
        ("A.JPEG", JPEG, "image/jpg", "image/jpeg"),
        ("a.gif", GIF, "application/octet-stream", "image/gif"),
        ("a.pdf", PDF, "application/pdf", "application/pdf"),
        ("a.mov", MP4, "video/quicktime", "video/mp4"),
        ("a.zip", zipped("x"), "application/x-zip-compressed", "application/zip"),
        ("a.docx", zipped("x"), "", "application/zip"),
        ("a.tgz", gzip.compress(b"x" * 50, mtime=0), "application/x-gtar", "application/gzip"),
        ("photo", PNG, "", "image/png"),
        ("a.unknownext", zipped("x"), "", "application/zip"),
        ("a.txt", b"Pay rent", "text/plain; charset=utf-8", "text/plain"),
        ("a.md", b'<p align="center">Title</p>', "text/markdown", "text/markdown"),
        ("a.csv", "Größe;1\n".encode("latin-1"), "application/vnd.ms-excel", "text/csv"),
        ("a.txt", "hello".encode("utf-16"), "text/plain", "text/plain"),
        ("a.ts", b"export const a = 1;", "video/mp2t", "text/plain"),
        ("data.json", b"{}", "", "application/json"),
        ("Makefile", b"all:\n\ttrue\n", "", "text/plain"),
        ("a.py", b"#!/usr/bin/env python3\n", "", "text/plain"),
        ("model.bin", b"\x00\x01\x02\x03", "", "application/octet-stream"),
        ("cars.txt", b"BMW, MZ and GIF are three words", "text/plain", "text/plain"),
        ("tags.md", b"ID3 tags explained", "text/markdown", "text/markdown"),
        ("a.xml", b"<?xml version='1.0'?><!-- note --><plan/>", "text/xml", "application/xml"),
        ("a.rtf", rb"{\rtf1 hello}", "text/rtf", "application/rtf"),
    ],
)
def test_honest_files_are_taken(name: str, content: bytes, claimed: str, stored: str) -> None:
    assert decide(name, content, claimed) == stored


@pytest.mark.parametrize(
    ("name", "content", "claimed", "code"),
    [
        ("a.png", zipped("x"), "image/png", "type_mismatch"),
        ("a.png", JPEG, "image/png", "type_mismatch"),
        ("a.png", b"just text", "image/png", "type_mismatch"),
        ("a.pdf", b"just text", "", "type_mismatch"),
        ("a.txt", PNG, "text/plain", "type_mismatch"),
        ("a.txt", b"\x00\x01\x02", "text/plain", "type_mismatch"),
        ("photo", zipped("x"), "image/png", "type_mismatch"),
        ("photo", b"just text", "image/png", "type_mismatch"),
        ("a.zip", PDF, "", "type_mismatch"),
        ("a.doc", zipped("x"), "", "type_mismatch"),
        ("a.exe", EXE, "application/octet-stream", "program"),
        ("invoice.pdf.exe", PDF, "application/pdf", "program"),
        ("holiday.png", EXE, "image/png", "program"),
        ("a.zip", ELF, "", "program"),
        ("a.js", b"alert(1)", "text/javascript", "program"),
        ("a.lnk", b"L\x00\x00\x00", "", "program"),
        ("a.html", b"hello", "text/html", "active_content"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "active_content"),
        ("a.txt", b"hello", "text/html", "active_content"),
        ("a.png", b"<!DOCTYPE html><script>alert(1)</script>", "image/png", "active_content"),
        ("a.txt", b"\xef\xbb\xbf  <HTML >", "text/plain", "active_content"),
        (
            "a.xml",
            b"<?xml version='1.0'?>\n<!-- x --><!DOCTYPE svg PUBLIC 'a' 'b'><svg onload='x()'>",
            "",
            "active_content",
        ),
        ("a.txt", "<html>".encode("utf-16"), "text/plain", "active_content"),
        ("a.md", b"<script>alert(1)</script>", "", "active_content"),
    ],
)
def test_what_contradicts_itself_or_can_run_is_refused(name: str, content: bytes, claimed: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        decide(name, content, claimed)
    [error] = refused.value.errors
    assert (error.field, error.code) == ("file", code)
    assert error.detail.count(". ") >= 1, "the remedy follows what is wrong"


@pytest.mark.parametrize("bit", [b"<!-- -->", b"<!--", b"<?xml ?>", b" ", b"<!doctype svg>", b"<?xml"])
def test_a_hostile_beginning_costs_no_time(bit: bytes) -> None:
    started = time.process_time()
    assert decide("a.txt", (bit * HEAD)[:HEAD]) == "text/plain"
    assert time.process_time() - started < 1
