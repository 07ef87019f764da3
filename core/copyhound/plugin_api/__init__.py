"""What plugins may use: hook specifications, types, context, errors, test kit."""
