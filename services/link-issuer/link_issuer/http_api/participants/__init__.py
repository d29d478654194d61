"""HTTP: participants of a program, enrolled and read."""
