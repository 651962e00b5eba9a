"""Importing this module registers the handler of every kind of job; a module with a handler stands in this list."""

from taskflow.application import advice, schedule, trash, urgency

__all__ = ["advice", "schedule", "trash", "urgency"]
