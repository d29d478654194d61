"""The HTTP API: events in, with a verdict on each; and what is known of a person."""
