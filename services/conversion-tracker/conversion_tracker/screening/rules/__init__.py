"""The screening rules, one per file."""
