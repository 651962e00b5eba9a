"""Django's settings, derived from `taskflow.config`. Named in DJANGO_SETTINGS_MODULE, never imported by other code."""
