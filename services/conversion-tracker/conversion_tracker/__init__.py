"""Ingest, attribution and screening."""
