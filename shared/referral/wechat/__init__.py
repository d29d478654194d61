"""WeChat official accounts: their HTTP API, one access token for all processes, replies and their texts."""
