"""The log: records of NDJSON lines, the publisher and producers that write them, the readers, topics, and one in memory."""
