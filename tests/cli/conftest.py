"""The folders of the bootstrap tests serve the command line's as well."""

from tests.bootstrap.conftest import data_dir, migrated

__all__ = ["data_dir", "migrated"]
