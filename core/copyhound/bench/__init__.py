"""The engine measured as a user has it: pictures in at the front door, answers out."""
