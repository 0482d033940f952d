"""Each benchmark runs beside its floor or a peer in the same run and prints a ratio. Timings are no tests."""
