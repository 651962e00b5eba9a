"""The doors: REST, pages, admin and commands."""
