"""Programs, participants, links, share kits and the redirect."""
