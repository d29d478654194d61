"""The endpoint of e-mails about a webhook. It has the schedule, the attempts and the state of any other endpoint."""

_PREFIX = "mail:"


def mail_endpoint(webhook: str) -> str:
    """Returns the id of the endpoint of e-mails about a webhook."""
    return _PREFIX + webhook


def is_mail(endpoint: str) -> bool:
    """Whether an endpoint is sent e-mails."""
    return endpoint.startswith(_PREFIX)


def webhook_of(endpoint: str) -> str:
    """Returns the id of the webhook that the messages of an endpoint belong to, or are about."""
    return endpoint.removeprefix(_PREFIX)
