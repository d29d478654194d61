"""Adapters: requests in other platforms' formats, translated to events."""
