"""What the treaty says about treaty: pure functions and values."""
