"""Ingest: `POST /v1/events` and the adapters validate events, answer with a result per event, and publish them."""
