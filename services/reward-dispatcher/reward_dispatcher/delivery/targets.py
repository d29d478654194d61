"""What an endpoint of deliveries is: a webhook (or its contact's mailbox), the WeChat account of a program, its people, or where
its digests go.
"""

from dataclasses import dataclass

from referral.catalog.view import Catalog
from referral.events.entities import Webhook
from referral.events.promoter_messages import DigestKind, is_people_endpoint
from reward_dispatcher.domain.mail_endpoint import digest_kind_of, webhook_of, wechat_program


@dataclass(frozen=True, slots=True)
class WechatTarget:
    """The WeChat account of a program. It is never removed: without an app secret its messages are missed."""

    program: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class PeopleTarget:
    """Some of the people of a program. No one removes them: who was erased is not found at the attempt."""

    removed: bool = False


@dataclass(frozen=True, slots=True)
class DigestEndpoint:
    """Where digests of a program go. It is never removed: without a target its messages are missed."""

    kind: DigestKind
    removed: bool = False


Target = Webhook | WechatTarget | PeopleTarget | DigestEndpoint


def find_target(catalog: Catalog, endpoint: str) -> Target | None:
    """Returns what an endpoint is; None if the catalog does not have it yet."""
    if is_people_endpoint(endpoint):
        return PeopleTarget()
    kind = digest_kind_of(endpoint)
    if kind is not None:
        return DigestEndpoint(kind)
    program = wechat_program(endpoint)
    return catalog.webhook(webhook_of(endpoint)) if program is None else WechatTarget(program)
