"""The catalog: programs, participants, links, pools, keys and webhooks, as every service sees them."""
