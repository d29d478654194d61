"""The HTTP API of rewards: wallets, redemption, pools, guide downloads, webhooks, figures."""
