"""Program files in YAML, with the line of each value."""
