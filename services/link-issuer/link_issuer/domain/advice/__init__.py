"""What a growth expert would say about a program that is correct but could do better: one rule a file, all in the catalogue."""
