"""Use cases: every change of TaskFlow's own tables, one module a subject."""
