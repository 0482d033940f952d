"""People and organisations, sign-in, and the key directory."""
