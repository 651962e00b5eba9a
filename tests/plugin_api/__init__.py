"""Tests of the contract for plugins."""
