"""What every HTTP service is made with: problems, keys, idempotency, health, limits, OpenAPI, and the server itself."""
