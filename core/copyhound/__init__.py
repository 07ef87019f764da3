"""Copyhound: find where pictures are used, verify every copy, tell automations."""
