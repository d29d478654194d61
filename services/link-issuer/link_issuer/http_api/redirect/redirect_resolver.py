"""Where a code leads now: the program's target with a signed click token, and the click on its way to the log.

Nothing here waits. The click goes to the log in company, later; where the log is away it is dropped and counted, and
the person goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import msgspec
from prometheus_client import Counter

from link_issuer.domain.link_spec import Hindrance, hindrance
from link_issuer.domain.target_url import around_token, carried
from link_issuer.domain.visitor_class import visitor
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
class Hit:
    """What a request says of who sends it; `purpose` is what Sec-Purpose or Purpose says, `query` stands as it was sent."""

    method: str
    purpose: str | None
    user_agent: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Hindered:
    """Why somebody's code leads nowhere now."""

    why: Hindrance
    owner: Participant | Link


@dataclass(frozen=True, slots=True)
class Bounded:
    """The code's uses are counted, and nobody here counts."""

    owner: Link


MayUse = Callable[[Link, int, Visitor], bool]


@dataclass(frozen=True, slots=True)
class Onward:
    """Sends people on."""

    clock: Clock
    signer: TokenSigner
    collector: Publisher

    def way(
        self, catalog: Catalog, code: str, hit: Hit, may_use: MayUse | None = None
    ) -> str | Hindered | Bounded | None:
        """The address to go on to, the click reported; or why there is none; None where nobody has the code.

        `may_use` takes a use of a link with a bound, and says whether there was one left.
        """
        owner = catalog.code(code)
        if owner is None:
            return None
        now_ms = self.clock.now_ms()
        terms = catalog.program_at(owner.program, now_ms)
        why = hindrance(owner, terms, to_datetime(now_ms))
        if terms is None or why is not None:
            return Hindered(why or "program_not_started", owner)
        who = visitor(hit.method, hit.purpose, hit.user_agent)
        if isinstance(owner, Link) and owner.max_uses is not None:
            if may_use is None:
                return Bounded(owner)
            if not may_use(owner, owner.max_uses, who):
                return Hindered("exhausted", owner)
        _outcome("sent").inc()
        return self._sent(owner, who, now_ms, terms.program.target_url, hit.query)

    def _sent(self, owner: Participant | Link, who: Visitor, now_ms: int, target: str, query: str) -> str:
        token = _token(owner, now_ms)
        self._report(token, who)
        before, after = around_token(target)
        return before + self.signer.sign_click(token) + carried(query, target) + after

    def _report(self, token: ClickToken, who: Visitor) -> None:
        line = LinkClicked(
            occurred_at=to_datetime(token.clicked_at_ms),
            id=token.id,
            program=token.program,
            participant=token.participant,
            code=token.code,
            channel=token.channel,
            content=token.content,
            cta=token.cta,
            visitor=who,
            partner=token.partner,
            campaign=token.campaign,
        )
        self.collector.offer(EVENTS, fact_key(line), _encode(line))


@cache
def _outcome(outcome: Literal["sent"]) -> Counter:
    return counter("redirects").labels(outcome)


def _token(owner: Participant | Link, now_ms: int) -> ClickToken:
    """The token says what the line says, so that a follow can name its click without a look-up."""
    id_ = random_id("clk")
    if isinstance(owner, Participant):
        return ClickToken(
            id=id_,
            program=owner.program,
            participant=owner.id,
            code=owner.code,
            clicked_at_ms=now_ms,
            partner=owner.partner,
        )
    return ClickToken(
        id=id_,
        program=owner.program,
        participant=owner.participant,
        code=owner.code,
        clicked_at_ms=now_ms,
        channel=owner.channel,
        content=owner.content,
        cta=owner.cta,
        partner=owner.partner,
        campaign=owner.campaign,
    )
