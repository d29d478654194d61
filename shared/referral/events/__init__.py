"""The contracts of the log: every type of line, with its key. msgspec types; JSON on the wire, one object a line."""
