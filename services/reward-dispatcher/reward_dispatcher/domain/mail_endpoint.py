"""Kinds of endpoints, by their ids: a webhook, the mailbox of its contact, the WeChat account of a program, where its digests go.

All have the schedule, the attempts and the state of any endpoint. Only a webhook is warned of and disabled when it fails.
"""

from referral.events.promoter_messages import DIGEST_KINDS, DigestKind, is_people_endpoint

_PREFIX = "mail:"
_WECHAT = "wechat:"
_DIGEST = "digest:"


def mail_endpoint(webhook: str) -> str:
    """Returns the id of the endpoint of e-mails about a webhook."""
    return _PREFIX + webhook


def is_mail(endpoint: str) -> bool:
    """Whether an endpoint is sent e-mails."""
    return endpoint.startswith(_PREFIX)


def is_webhook(endpoint: str) -> bool:
    """Whether an endpoint is a webhook, whose failures someone is warned of."""
    is_other = is_mail(endpoint) or is_people_endpoint(endpoint) or wechat_program(endpoint) is not None
    return not is_other and digest_kind_of(endpoint) is None


def webhook_of(endpoint: str) -> str:
    """Returns the id of the webhook that the messages of an endpoint belong to, or are about."""
    return endpoint.removeprefix(_PREFIX)


def wechat_program(endpoint: str) -> str | None:
    """Returns the program whose WeChat account an endpoint is; None for any other endpoint."""
    return endpoint.removeprefix(_WECHAT) if endpoint.startswith(_WECHAT) else None


def digest_endpoint(program: str, kind: DigestKind) -> str:
    """Returns the endpoint of a program's digests by e-mail, or to a kind of chat."""
    return f"{_DIGEST}{kind}:{program}"


def digest_kind_of(endpoint: str) -> DigestKind | None:
    """Returns where the digests of an endpoint go; None for any other endpoint."""
    if not endpoint.startswith(_DIGEST):
        return None
    name = endpoint.removeprefix(_DIGEST).partition(":")[0]
    return next((kind for kind in DIGEST_KINDS if kind == name), None)
