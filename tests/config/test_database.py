"""What an address of PostgreSQL says beside where the database is."""

from pathlib import Path

import pytest

from taskflow.config import ConfigError, Settings, load_settings
from taskflow.config.database import DEFAULT_POOL, parse_postgres_address
from taskflow.settings.database import build_databases

ADDRESS = "postgres://ann:p%40ss@db.example.org:5433/tasks"


def load(url: str, folder: Path) -> Settings:
    return load_settings({"TASKFLOW_DATA_DIR": str(folder), "TASKFLOW_DATABASE_URL": url})


def test_a_plain_address_means_a_pool_and_prepared_statements(tmp_path: Path) -> None:
    built = build_databases(load(f"{ADDRESS}?sslmode=require", tmp_path))["default"]
    assert (built["HOST"], built["PORT"], built["USER"], built["PASSWORD"]) == ("db.example.org", 5433, "ann", "p@ss")
    assert built["OPTIONS"]["sslmode"] == "require"
    assert built["OPTIONS"]["pool"]["max_size"] == DEFAULT_POOL
    assert built["OPTIONS"]["prepare_threshold"] == 5
    assert not built["DISABLE_SERVER_SIDE_CURSORS"]


def test_behind_pgbouncer_nothing_stays_in_a_session(tmp_path: Path) -> None:
    built = build_databases(load(f"{ADDRESS}?pgbouncer=true&pool=3", tmp_path))["default"]
    assert built["OPTIONS"]["prepare_threshold"] is None
    assert built["DISABLE_SERVER_SIDE_CURSORS"]
    assert built["OPTIONS"]["pool"]["max_size"] == 3
    assert "pgbouncer" not in built["OPTIONS"]


def test_our_parameters_do_not_reach_the_driver() -> None:
    address = parse_postgres_address(f"{ADDRESS}?pool=7&pgbouncer=true&sslmode=require")
    assert address.url == f"{ADDRESS}?sslmode=require"


@pytest.mark.parametrize("query", ["pool=0", "pool=many", "pool=", "pool=-1", "pool=²", "pgbouncer=maybe"])
def test_a_wrong_parameter_is_named(query: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=query.partition("=")[0]):
        load(f"{ADDRESS}?{query}", tmp_path)
