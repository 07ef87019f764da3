"""The copyhound command."""
