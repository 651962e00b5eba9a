"""The Django app of TaskFlow's tables."""
