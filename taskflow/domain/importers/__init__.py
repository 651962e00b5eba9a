"""The lists that TaskFlow can read, by the name that stands in the address of the import."""

from collections.abc import Mapping
from types import MappingProxyType

from taskflow.domain.importers import taskwarrior, todoist
from taskflow.domain.importers.records import Importer

IMPORTERS: Mapping[str, Importer] = MappingProxyType({"taskwarrior": taskwarrior.parse, "todoist": todoist.parse})
