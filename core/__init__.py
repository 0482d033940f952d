"""What every other package builds on: errors, truth, canonical bytes, time. Standard library only."""
