"""`taskflow doctor` names what is wrong and what to do."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from tests.bootstrap.instances import run


def examine(data_dir: Path, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and each check's status and remedy."""
    done = run("doctor", "--json", "--data-dir", data_dir, env=env)
    checks = json.loads(done.stdout)["checks"]
    return done.returncode, {row["check"]: (row["status"], row["detail"] + " | " + row["remedy"]) for row in checks}


def test_a_healthy_instance_has_nothing_but_ok(data_dir: Path) -> None:
    code, checks = examine(data_dir)
    assert {name: status for name, (status, _) in checks.items() if status != "ok" and name != "server"} == {}
    assert code == 0
    assert set(checks) == {
        "settings", "data folder", "keys", "database", "migrations", "stored secrets", "attachments", "search index",
        "plugins", "disk", "server", "job loop", "dead jobs", "clock",
    }  # fmt: skip


def test_looking_at_what_is_not_there_creates_nothing(tmp_path: Path) -> None:
    code, checks = examine(tmp_path / "data")
    assert code == 0
    assert checks["data folder"][0] == checks["keys"][0] == checks["database"][0] == "warn"
    assert not (tmp_path / "data").exists()


def test_a_damaged_database_fails(data_dir: Path) -> None:
    path = data_dir / "taskflow.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 40] = b"\xa5" * (4096 * 37)
    path.write_bytes(content)
    code, checks = examine(data_dir)
    assert code == 1
    assert checks["database"][0] == "fail"


def test_exposed_keys_and_pending_migrations_are_warned_about(data_dir: Path) -> None:
    from tests.bootstrap.test_migrations import make_pending

    (data_dir / "secret_key").chmod(0o644)
    make_pending(data_dir)
    code, checks = examine(data_dir)
    assert code == 0
    assert "chmod go-rwx" in checks["data folder"][1]
    assert checks["migrations"][0] == "warn"
    assert "taskflow migrate" in checks["migrations"][1]


def test_a_wrong_setting_fails_with_its_remedy(data_dir: Path) -> None:
    code, checks = examine(data_dir, {"LOG_LEVEL": "loud"})
    assert code == 1
    assert checks["settings"][0] == "fail"
    assert "debug, info, warning or error" in checks["settings"][1]


def test_a_taken_port_is_warned_about(data_dir: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 8000))
            other.listen()
        except OSError:
            pass  # somebody has it already, which is as good
        _, checks = examine(data_dir)
    assert checks["server"][0] == "warn"
    assert "8000 is in use" in checks["server"][1]
