"""Keys of an instance: created once, private, whole, and never twice."""

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from taskflow.config import ConfigError, load_settings
from taskflow.config.keys import create_keys, generate_fernet_key, load_keys, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_first_start_creates_private_keys_in_a_private_folder(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    old = os.umask(0)
    try:
        keys = create_keys(load_settings({}, {"data_dir": folder}))
    finally:
        os.umask(old)
    assert len(keys.signing) >= 64
    assert len(keys.ring) == 1
    assert len(base64.urlsafe_b64decode(keys.ring[0])) == 32
    assert mode(folder) == 0o700
    assert sorted((path.name, mode(path)) for path in folder.iterdir()) == [
        ("secret_key", 0o600),
        ("secret_keys", 0o600),
    ]


def test_a_second_start_keeps_the_keys(tmp_path: Path) -> None:
    settings = load_settings({}, {"data_dir": tmp_path})
    assert create_keys(settings) == create_keys(settings) == load_keys(settings)


def test_looking_at_keys_writes_nothing(tmp_path: Path) -> None:
    keys = load_keys(load_settings({}, {"data_dir": tmp_path / "missing"}))
    assert (keys.signing, keys.ring) == ("", ())
    assert list(tmp_path.iterdir()) == []


def test_variables_win_over_files(tmp_path: Path) -> None:
    create_keys(load_settings({}, {"data_dir": tmp_path}))
    first, second = generate_fernet_key(), generate_fernet_key()
    env = {"TASKFLOW_SECRET_KEY": "s" * 40, "TASKFLOW_SECRET_KEYS": f"{first},{second}"}
    keys = load_keys(load_settings(env, {"data_dir": tmp_path}))
    assert keys.signing == "s" * 40
    assert keys.ring == (first, second)


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="TASKFLOW_SECRET_KEY: cannot read"):
        load_keys(load_settings({}, {"data_dir": tmp_path}))


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="TASKFLOW_DATA_DIR: cannot create"):
        create_keys(load_settings({}, {"data_dir": tmp_path / "file" / "data"}))


def test_processes_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from taskflow.config import load_settings\n"
        "from taskflow.config.keys import create_keys\n"
        "sys.stdin.readline()\n"
        "print(create_keys(load_settings({}, {'data_dir': sys.argv[1]})).signing)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=30)[0] for process in processes}
    assert len(answers) == 1
    assert len(answers.pop()) > 64


def test_a_private_file_is_replaced_whole_and_leaves_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    write_private(path, "old\n", replace=False)
    write_private(path, "ignored\n", replace=False)
    assert path.read_text() == "old\n"
    write_private(path, "new\n", replace=True)
    assert path.read_text() == "new\n"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
