"""Candidate indexes over local features."""
