"""The log as the services use it: NDJSON records, a producer that collects lines for company, topics, and one in memory."""
