"""What the treaty says about accounts: pure functions and values."""
