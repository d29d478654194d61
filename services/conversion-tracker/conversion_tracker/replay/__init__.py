"""Replay: the folds run in memory over recorded events under other rules; nothing live is written."""
