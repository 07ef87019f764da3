"""The manual, as Markdown; served at /docs."""
