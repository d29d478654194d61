"""The keys of the state of the fold `deliveries` within a partition: the fold writes by them, worker and HTTP API read by them.

An endpoint is in the partition of its webhook's id, with all its messages.
"""

from referral import closed_mailboxes

SERVICE = closed_mailboxes.DELIVERIES_SERVICE
DELIVERIES_FOLD = closed_mailboxes.DELIVERIES_FOLD
ACTIVE = "active"
"""A sorted set: the endpoints for which messages wait. All scores are 0."""


def endpoint(webhook: str) -> str:
    """An EndpointHealth."""
    return f"endpoint:{webhook}"


def message(webhook: str, message_id: str) -> str:
    """A MessageDelivery."""
    return f"{message_prefix(webhook)}{message_id}"


def outbox(endpoint_id: str, person: str) -> str:
    """The Outbox of a person."""
    return f"outbox:{endpoint_id}|{person}"


def closed(endpoint_id: str) -> str:
    """A sorted set: the people whose e-mail address takes no messages, by the time of the refusal (ms)."""
    return closed_mailboxes.closed_mailboxes(endpoint_id)


def message_prefix(webhook: str) -> str:
    """What the keys of an endpoint's messages begin with; the message id follows."""
    return f"message:{webhook}|"


def scene(webhook: str, person: str) -> str:
    """A WechatScene: the QR code of a participant."""
    return f"scene:{webhook}|{person}"


def scene_count(webhook: str) -> str:
    """A WechatSceneCount: how many permanent QR codes the account has."""
    return f"scenes:{webhook}"


def due(webhook: str) -> str:
    """A sorted set: the ids of the messages that wait, by the time at which they are due (ms)."""
    return f"due:{webhook}"


def listed(webhook: str, status: str) -> str:
    """A sorted set: the ids of the messages of a status, by the time at which they were scheduled (ms)."""
    return f"{status}:{webhook}"
