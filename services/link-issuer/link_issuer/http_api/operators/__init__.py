"""Operators of the console and the audit log, over HTTP."""
