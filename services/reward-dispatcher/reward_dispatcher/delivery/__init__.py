"""Delivery of webhooks, at least once and in the order of acknowledgement, and the ticks of the clock."""
