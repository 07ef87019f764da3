"""What clients send and get: one Struct for each shape, one module a topic."""
