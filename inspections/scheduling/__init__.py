"""Making the schedule with OR-tools' CP-SAT. Nothing here is trusted: what it answers is checked by `inspections.rules.schedules.check`."""
