"""Rewards: decision, ledger, delivery, redemption, wallet."""
