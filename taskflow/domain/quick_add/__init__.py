"""Quick add: one line of text becomes a task. `docs/quick-add.md` has the grammar."""

from taskflow.domain.quick_add.line import Match
from taskflow.domain.quick_add.parser import QuickAdd, parse_quick_add
from taskflow.domain.quick_add.tokens import Members, Projects, fold_reference, index_projects
from taskflow.domain.quick_add.zones import writes_month_first

__all__ = [
    "Match",
    "Members",
    "Projects",
    "QuickAdd",
    "fold_reference",
    "index_projects",
    "parse_quick_add",
    "writes_month_first",
]
