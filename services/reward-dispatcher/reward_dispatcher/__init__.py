"""Rewards: grants, ledger, redemption, wallets, delivery of webhooks."""
