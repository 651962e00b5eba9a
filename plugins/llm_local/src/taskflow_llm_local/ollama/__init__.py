"""A server of Ollama."""
