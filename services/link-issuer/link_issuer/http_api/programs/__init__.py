"""HTTP: programs, applied as versions and read."""
