"""Programs, participants, links, share kits, share pages and the redirect."""
