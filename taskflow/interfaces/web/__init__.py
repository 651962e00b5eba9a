"""The sign-in pages."""
