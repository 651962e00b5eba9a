"""Finds, inspects and runs plugins. It knows no Django: whoever hosts plugins hands it their state."""
