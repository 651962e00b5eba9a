"""The instance's own keys: the signing key and the encryption key ring, as files in the data folder.

They are outside the database, so that a stolen copy of it opens nothing. Variables win over files.
"""

import base64
import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from taskflow.config.errors import ConfigError
from taskflow.config.model import Settings

SIGNING_FILE = "secret_key"
RING_FILE = "secret_keys"


@dataclass(frozen=True)
class Keys:
    """`signing` signs sessions and links; `ring` are Fernet keys, newest first. Empty where nothing exists yet."""

    signing: str = field(repr=False)
    ring: tuple[str, ...] = field(repr=False)


def load_keys(settings: Settings) -> Keys:
    """The keys from the settings, else from the data folder. Raises ConfigError for a file that cannot be read."""
    signing = settings.secret_key.get_secret_value() if settings.secret_key else _read(settings, SIGNING_FILE)
    if settings.secret_keys:
        ring = tuple(key.get_secret_value() for key in settings.secret_keys)
    else:
        ring = tuple(_read(settings, RING_FILE).split())
    return Keys(signing=signing, ring=ring)


def create_keys(settings: Settings) -> Keys:
    """`load_keys`, after creating what is missing (folder 0700, files 0600, never a half-written file)."""
    prepare_data_dir(settings.data_dir)
    found = load_keys(settings)
    if not found.signing:
        write_private(settings.data_dir / SIGNING_FILE, secrets.token_urlsafe(64) + "\n", replace=False)
    if not found.ring:
        write_private(settings.data_dir / RING_FILE, generate_fernet_key() + "\n", replace=False)
    return load_keys(settings)


def generate_fernet_key() -> str:
    """A new Fernet key: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")


def prepare_data_dir(path: Path) -> None:
    """Create the data folder, open to its owner alone. Raises ConfigError where that is impossible."""
    try:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            "TASKFLOW_DATA_DIR", f"cannot create {path} ({error.strerror})", "It takes a folder that you may write to."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ConfigError(
            "TASKFLOW_DATA_DIR", f"{path} is not writable", "It takes a folder that you may write to."
        ) from None


def write_private(path: Path, text: str, *, replace: bool) -> None:
    """Write a 0600 file that appears complete or not at all, also after a power cut.

    Without `replace` a file that is there already stays: of two processes that start at once, one wins.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(settings: Settings, name: str) -> str:
    path = settings.data_dir / name
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "damaged"
        raise ConfigError(
            f"TASKFLOW_{name.upper()}", f"cannot read {path} ({reason})", "Restore it from a backup or mend its rights."
        ) from None
