"""The program file: its schema, its mistakes, and its forms on the wire (JSON) and on disk (YAML with line numbers)."""
