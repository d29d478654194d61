"""A creator's campaign: a seeded simulation of people, played through the public HTTP API.

`simulation` writes the script (pure: the same seed gives the same steps), `play` performs it against the running
services, and `rehearse` without any. Growth is not written down anywhere: it comes from people who see, share, click
and follow.
"""
