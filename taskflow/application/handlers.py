"""Importing this module registers the handler of every kind of job; a module with a handler stands in this list."""

from taskflow.application import advice, project_removal, schedule, stored_files, trash, urgency

__all__ = ["advice", "project_removal", "schedule", "stored_files", "trash", "urgency"]
