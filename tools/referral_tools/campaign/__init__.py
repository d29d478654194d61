"""A creator's campaign: a seeded simulation of people, played through the public HTTP API.

`simulation` writes the script (pure: the same seed gives the same steps), `player` performs it against the running
services, and `offline_run` without any. Totals are not parameters: growth results from what people see, share, click
and follow.
"""
