"""Bans: state, events, API."""
