"""Callbacks of WeChat official accounts."""
