"""What can be followed: pure functions and values."""
