"""The commands that speak to an instance over its REST interface, from anywhere: `taskflow login`, `add`, `list` …

They never open the database, and they load neither Django nor the settings.
"""
