"""Every change of who is told what, and the telling."""
