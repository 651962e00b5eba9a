"""Importing this module registers the handler of every kind of job; a module with a handler stands in this list."""

from taskflow.application import (
    advice,
    model_pulls,
    model_warming,
    plugins,
    project_removal,
    schedule,
    stored_files,
    trash,
    urgency,
)

__all__ = [
    "advice",
    "model_pulls",
    "model_warming",
    "plugins",
    "project_removal",
    "schedule",
    "stored_files",
    "trash",
    "urgency",
]
