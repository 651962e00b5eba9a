"""How workers learn that a job is due."""
