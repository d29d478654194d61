"""Explanations: why a person is attributed as they are, with the position on the log of every line that led to it."""
