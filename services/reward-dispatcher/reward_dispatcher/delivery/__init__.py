"""What tells the outside world and keeps the time: webhooks, delivered at least once, and the clock's ticks."""
