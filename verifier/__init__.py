"""The independent checker and the gate of a laboratory. No Django."""
