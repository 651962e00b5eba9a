"""The learned signal: what a person decided before, as probabilities for the next task."""
