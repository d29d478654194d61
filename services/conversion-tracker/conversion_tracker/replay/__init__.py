"""Replay: the folds run over recorded lines under other rules, in memory, beside the live state. Nothing live is written."""
