"""The local stack: a real Kafka broker and a real Redis as child processes, without Docker."""
