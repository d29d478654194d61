"""The contracts of the log: every type of line and its key, as msgspec structs; on the wire one JSON object per line."""
