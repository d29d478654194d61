"""Explanations: the trace of a person's credit down to log positions."""
