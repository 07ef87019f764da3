"""Find, load, catalogue and guard the plugins."""
