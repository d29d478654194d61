"""The live stream: what changed in a program, as server-sent events."""
