"""Resolves a code to the program's target with a signed click token, and publishes the click.

Nothing here waits for the log: the click is sent in a later batch. If the log is unavailable it is dropped and counted, and the
person is redirected all the same; so they are if their address has opened the link too often for another record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import msgspec
from prometheus_client import Counter

from link_issuer.click_limit import ClickLimit
from link_issuer.domain.availability import UnavailableReason, unavailable_reason
from link_issuer.domain.target_url import forwarded_query, split_at_token
from link_issuer.domain.visitor_class import classify_visitor
from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.events.entities import Link, Participant
from referral.events.facts import ClickToken, LinkClicked, Visitor, fact_key
from referral.events.ids import random_id
from referral.events.timestamps import to_datetime
from referral.log.publisher import Publisher
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class LinkVisit:
    """A request for a link. `purpose` is the value of its purpose header, `query` the raw query string."""

    method: str
    purpose: str
    user_agent: str
    query: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A known code that leads nowhere at the moment, and why."""

    reason: UnavailableReason
    holder: Participant | Link


@dataclass(frozen=True, slots=True)
class NeedsUsageCheck:
    """The link has `max_uses`, and the caller gave no UsageCheck."""

    link: Link


UsageCheck = Callable[[Link, int, Visitor], bool]
"""Takes a link, its `max_uses` and the visitor's class; counts a use if the visitor is a person; returns whether one was left."""


@dataclass(frozen=True, slots=True)
class RedirectResolver:
    """Resolves codes to the URLs that they redirect to."""

    clock: Clock
    signer: TokenSigner
    publisher: Publisher
    click_limit: ClickLimit

    def resolve(
        self, catalog: Catalog, code: str, visit: LinkVisit, use_link: UsageCheck | None = None
    ) -> str | Unavailable | NeedsUsageCheck | None:
        """The URL to redirect to, with the click published; otherwise why there is none; None if the code is unknown.

        Raises what `use_link` raises.
        """
        holder = catalog.code(code)
        owner = catalog.owner(holder) if holder else None
        if holder is None or owner is None:
            return None
        now_ms = self.clock.now_ms()
        version = catalog.program_at(holder.program, now_ms)
        reason = unavailable_reason(holder, owner, version, to_datetime(now_ms))
        if version is None or reason is not None:
            return Unavailable(reason or "program_not_started", holder)
        visitor = classify_visitor(visit.method, visit.purpose, visit.user_agent)
        is_counted = True
        if isinstance(holder, Link) and holder.max_uses is not None:
            is_counted = visitor == "person"
            if use_link is None:
                return NeedsUsageCheck(holder)
            if not use_link(holder, holder.max_uses, visitor):
                return Unavailable("exhausted", holder)
        _redirect_counter("sent").inc()
        token = _token(holder, now_ms)
        if self.click_limit.allows(visit.address, holder.code, now_ms):
            self._publish_click(token, visitor)
        else:
            _unrecorded_clicks().inc()
        # A visit that uses up nothing is credited to no one: otherwise a machine could collect tokens of a link for one person.
        return self._target_url(token if is_counted else None, version.program.target_url, visit.query)

    def _target_url(self, token: ClickToken | None, target: str, query: str) -> str:
        before, after = split_at_token(target)
        signed = self.signer.sign_click(token) if token else ""
        return before + signed + forwarded_query(query, target) + after

    def _publish_click(self, token: ClickToken, visitor: Visitor) -> None:
        line = LinkClicked(
            occurred_at=to_datetime(token.clicked_at_ms),
            id=token.id,
            program=token.program,
            participant=token.participant,
            code=token.code,
            channel=token.channel,
            content=token.content,
            cta=token.cta,
            visitor=visitor,
            partner=token.partner,
            campaign=token.campaign,
        )
        self.publisher.offer(EVENTS, fact_key(line), _encode(line))


@cache
def _redirect_counter(outcome: Literal["sent"]) -> Counter:
    return counter("redirects").labels(outcome)


@cache
def _unrecorded_clicks() -> Counter:
    return counter("clicks_unrecorded")


def _token(holder: Participant | Link, now_ms: int) -> ClickToken:
    """A click token with the same fields as the click's line, so that a follow identifies its click without a lookup."""
    id_ = random_id("clk")
    if isinstance(holder, Participant):
        return ClickToken(
            id=id_,
            program=holder.program,
            participant=holder.id,
            code=holder.code,
            clicked_at_ms=now_ms,
            partner=holder.partner,
        )
    return ClickToken(
        id=id_,
        program=holder.program,
        participant=holder.participant,
        code=holder.code,
        clicked_at_ms=now_ms,
        channel=holder.channel,
        content=holder.content,
        cta=holder.cta,
        partner=holder.partner,
        campaign=holder.campaign,
        root=holder.root,
    )
