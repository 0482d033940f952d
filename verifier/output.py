"""What a command says: results on standard output, complaints on standard error."""

import sys


def say(text: str) -> None:
    """Write a line of the result, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line about what hinders the command."""
    sys.stderr.write(f"{text}\n")
