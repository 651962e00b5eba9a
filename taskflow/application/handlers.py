"""Importing this module registers the handler of every kind of job; a module with a handler stands in this list."""

from taskflow.application import advice, plugins, project_removal, schedule, stored_files, trash, urgency

__all__ = ["advice", "plugins", "project_removal", "schedule", "stored_files", "trash", "urgency"]
