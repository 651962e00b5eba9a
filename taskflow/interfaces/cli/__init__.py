"""The `taskflow` command. Loaded before Django, so modules here import the application only when they run."""
