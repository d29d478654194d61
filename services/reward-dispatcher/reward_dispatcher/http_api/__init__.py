"""The HTTP API of rewards: wallets, redemption, code pools, guide downloads, webhooks, the summary of a program."""
