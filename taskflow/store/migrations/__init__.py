"""Migrations of TaskFlow's tables."""
