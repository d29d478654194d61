"""Screening: the fold that clears, holds or rejects conversions; one rule per file; the review API."""
