"""Durable workflows, and the clock."""
