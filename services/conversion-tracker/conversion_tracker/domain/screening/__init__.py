"""Screening: one rule a file, all of them in the catalogue, and what they come to together."""
