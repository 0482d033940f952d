"""What the treaty says about inspections: pure functions and values."""
