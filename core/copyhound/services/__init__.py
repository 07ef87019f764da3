"""Use cases, one module a topic."""
