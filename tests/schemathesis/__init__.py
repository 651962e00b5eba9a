"""Generated requests against a live instance."""
