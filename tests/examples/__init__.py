"""Packages under `examples/`, as somebody else would use them."""
