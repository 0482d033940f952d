"""What the treaty says about ledger: pure functions and values."""
