"""HTTP for every service: app factory, server, API keys, problems, idempotency, rate limits, responses, OpenAPI, health."""
