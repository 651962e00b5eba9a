"""Plugins as a whole: installed, configured, run, asked for advice."""
