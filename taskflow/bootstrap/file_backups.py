"""The contents of attachments, on their way into a backup and out of it."""

import os
import shutil
from pathlib import Path

from taskflow.infrastructure.files import FolderStore

#: Their folder in a backup.
MEMBERS = "attachments"


def hold_files(folder: Path, links: Path) -> dict[str, Path]:
    """Every content in `folder` by its name in the archive, linked into `links`: what is deleted meanwhile stays."""
    store, held = FolderStore(folder), {}
    for name, _ in store.names():
        link = links / name
        try:
            _link(store.path(name), link)
        except FileNotFoundError:
            # Half written, or deleted since it was listed: no row names it.
            continue
        held[f"{MEMBERS}/{name}"] = link
    return held


def place_files(staged: Path, folder: Path) -> None:
    """Moves unpacked contents to where the file store finds them."""
    if not staged.is_dir():
        return
    store = FolderStore(folder)
    for content in staged.iterdir():
        target = store.path(content.name)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(content, target)


def _link(source: Path, link: Path) -> None:
    try:
        os.link(source, link)
    except FileNotFoundError:
        raise
    except OSError:
        # A file system without hard links.
        shutil.copyfile(source, link)
