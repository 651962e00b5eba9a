"""Addresses of mail that stand in a header and in a command: nothing in them can begin another line."""

import re
from email.headerregistry import Address
from email.utils import parseaddr

# Escaped so that Python, Rust and browsers read the same.
_SIGN = r'[^\x00-\x20\x7f\s@<>\(\)\[\],;:"\\]'
#: An address without a name. Stricter than RFC 5322, which allows quotes and comments that nobody has.
ADDRESS = rf"^{_SIGN}+@{_SIGN}+$"
_MAILBOX = re.compile(rf"[^\x00-\x1f\x7f<>]*<{_SIGN}+@{_SIGN}+>|{_SIGN}+@{_SIGN}+")


def split_mailbox(text: str) -> Address:
    """Name and address of `TaskFlow <tasks@example.org>`, or the address alone; `ValueError` for anything else."""
    if not _MAILBOX.fullmatch(text):
        raise ValueError("it is no address such as TaskFlow <tasks@example.org>")
    name, address = parseaddr(text)
    return read_address(address, name)


def read_address(text: str, name: str = "") -> Address:
    """An address without a name, its domain in ASCII; `ValueError` for anything else."""
    user, _, domain = text.rpartition("@")
    if not re.fullmatch(ADDRESS, text):
        raise ValueError("it is no address such as ada@example.org")
    if not user.isascii():
        raise ValueError("what stands before the @ has other signs than ASCII, which few servers take")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise ValueError("its domain is none") from None
    return Address(display_name=name, username=user, domain=domain)
