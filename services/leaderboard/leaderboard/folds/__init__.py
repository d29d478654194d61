"""The three folds: conversions → boards, attributions → growth, events → activity. None of them has output lines."""
