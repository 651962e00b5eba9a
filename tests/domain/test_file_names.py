"""Names of files: whatever a client sends, what is kept deceives nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.file_names import LONGEST, clean_name, extension_of


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe – Plan.docx", "Größe – Plan.docx"),
        ("日本語.txt", "日本語.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\drivers.txt", "drivers.txt"),
        ("/etc/shadow", "shadow"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("..", "file"),
        ("", "file"),
        ("   ", "file"),
        (".bashrc", "bashrc"),
        ("a\x00b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("evil.exe. . ", "evil.exe"),
        ("plan.txt:evil.exe", "plan.txt_evil.exe"),
        ('a"b<c>|d?e*.txt', "a_b_c__d_e_.txt"),
        ("CON", "_CON"),
        ("aux.txt", "_aux.txt"),
        ("com¹.log", "_com¹.log"),
        ("console.txt", "console.txt"),
        ("\ud800.txt", "txt"),
    ],
)
def test_a_name_is_kept_without_what_could_deceive(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


def test_a_long_name_keeps_its_extension_and_fits_every_file_system() -> None:
    kept = clean_name("ü" * 4000 + ".png")
    assert kept.endswith("ü.png")
    assert len(kept.encode()) <= LONGEST


@given(st.text(max_size=400))
def test_any_name_becomes_a_good_one_and_stays_it(sent: str) -> None:
    kept = clean_name(sent)
    assert 1 <= len(kept) <= len(kept.encode()) <= LONGEST
    assert not {"/", "\\", "\x00"} & set(kept)
    assert kept not in {".", ".."}
    assert kept.isprintable()
    assert clean_name(kept) == kept


@pytest.mark.parametrize(
    ("name", "extension"), [("a.PDF", "pdf"), ("a.tar.gz", "gz"), ("invoice.pdf.exe", "exe"), ("Makefile", "")]
)
def test_the_last_extension_counts(name: str, extension: str) -> None:
    assert extension_of(name) == extension
