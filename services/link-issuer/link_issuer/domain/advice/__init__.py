"""Advice on valid programs that could do better, as a growth expert would give it. One rule per file, listed in the catalogue."""
