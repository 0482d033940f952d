"""Every change of state of this app."""
