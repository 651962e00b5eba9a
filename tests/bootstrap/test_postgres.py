"""The same commands on PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.bootstrap.instances import run
from tests.postgres import empty_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database."""
    with empty_database("backup") as address:
        yield address


def names_of(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT username FROM store_user ORDER BY username").fetchall()]


def test_backup_and_restore_replace_the_whole_database(database: str, tmp_path: Path) -> None:
    env = {"DATABASE_URL": database}
    data_dir, file = tmp_path / "data", tmp_path / "backup.tar.gz"
    for command in (["migrate"], ["user", "create", "ada"], ["backup", str(file)], ["user", "create", "bob"]):
        done = run(*command, "--data-dir", data_dir, env=env)
        assert done.returncode == 0, done.stderr
    assert names_of(database) == ["ada", "bob"]

    refused = run("restore", file, "--data-dir", data_dir, env=env)
    assert refused.returncode == 1
    assert "--force" in refused.stderr

    forced = run("restore", file, "--force", "--json", "--data-dir", data_dir, env=env)
    assert forced.returncode == 0, forced.stderr
    assert names_of(database) == ["ada"]
    aside = Path(json.loads(forced.stdout)["aside"])
    assert sorted(path.name for path in aside.iterdir()) == ["database.pgdump", "secret_key", "secret_keys"]

    other_kind = run("restore", file, "--data-dir", tmp_path / "other")
    assert other_kind.returncode == 1
    assert "TASKFLOW_DATABASE_URL" in other_kind.stderr


def test_doctor_finds_nothing_wrong(database: str, tmp_path: Path) -> None:
    env = {"DATABASE_URL": database}
    assert run("migrate", "--data-dir", tmp_path, env=env).returncode == 0
    done = run("doctor", "--json", "--data-dir", tmp_path, env=env)
    assert done.returncode == 0, done.stdout
    checks = {check["check"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    assert checks["database"] == checks["migrations"] == checks["job loop"] == "ok"
