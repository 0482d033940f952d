"""What the treaty says about labs: pure functions and values."""
