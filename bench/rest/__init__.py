"""Measurements of the REST interface."""
