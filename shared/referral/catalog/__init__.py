"""The catalog: programs, participants, links, code pools, API keys, webhooks and adapter secrets, replicated in every process."""
