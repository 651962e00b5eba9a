"""Tests of the kit that authors of plugins run."""
