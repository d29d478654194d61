"""Contracts and plumbing that every service shares: events, topics, catalog, fold, HTTP, telemetry, configuration. Never policy."""

__version__ = "0.1.0"
