"""The lists that TaskFlow can read, by the name that stands in the address of the import."""

from collections.abc import Mapping
from types import MappingProxyType

from taskflow.domain.importers import icalendar_tasks, spreadsheet, taskflow, taskwarrior, todoist, trello, vikunja
from taskflow.domain.importers.records import Importer

IMPORTERS: Mapping[str, Importer] = MappingProxyType(
    {
        "csv": spreadsheet.parse,
        "ics": icalendar_tasks.parse,
        "taskflow": taskflow.parse,
        "taskwarrior": taskwarrior.parse,
        "todoist": todoist.parse,
        "trello": trello.parse,
        "vikunja": vikunja.parse,
    }
)
