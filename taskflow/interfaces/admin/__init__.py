"""The operator's pages, on django-unfold. Importing this package registers every page with `site`.

`base.py` alone knows Unfold and the one write path; a page names its columns, its filters and its use cases.
"""

from taskflow.interfaces.admin import (
    events,
    jobs,
    labels,
    model_call_list,
    models,
    plugins,
    projects,
    saved_filters,
    suggestions,
    tasks,
    tokens,
    users,
)
from taskflow.interfaces.admin.site import site

__all__ = [
    "events",
    "jobs",
    "labels",
    "model_call_list",
    "models",
    "plugins",
    "projects",
    "saved_filters",
    "site",
    "suggestions",
    "tasks",
    "tokens",
    "users",
]
