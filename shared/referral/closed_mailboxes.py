"""Mailboxes that take no e-mails: a list that the fold `deliveries` of reward-dispatcher keeps, and link-issuer reads."""

DELIVERIES_SERVICE = "rd"
DELIVERIES_FOLD = "deliveries"


def closed_mailboxes(endpoint: str) -> str:
    """The key of a sorted set in the partition of an endpoint of people: person ids, by when an e-mail to them came back (ms)."""
    return f"closed:{endpoint}"
