"""Boards and growth figures."""
