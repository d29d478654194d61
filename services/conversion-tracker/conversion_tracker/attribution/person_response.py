"""Response structs of a person: their attribution, every touch that was considered, their network and their upline."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.considered_touches import (
    OUTCOME_TEXTS,
    ConsideredTouch,
    TouchOutcome,
    consider_touches,
)
from conversion_tracker.attribution.credit import FULL_CREDIT, CreditModel, Shares, credit_by_model
from conversion_tracker.attribution.ignored_facts import ignored_facts
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person import Person
from conversion_tracker.attribution.published_verdict import PublishedVerdict
from conversion_tracker.attribution.referrer_response import ReferrerResponse, referrer_response
from conversion_tracker.attribution.timeline import Timeline
from conversion_tracker.attribution.unknown_evidence import explain_unknown
from conversion_tracker.graph.network import Network
from conversion_tracker.named_person import named_person
from referral.events.attribution_rules import AttributionModel
from referral.events.attributions import EvidenceKind, UnattributedReason
from referral.events.facts import Channel
from referral.events.ids import referral_id
from referral.events.timestamps import to_datetime
from referral.http.responses import Timestamp

FollowStatus = Literal["none", "follower", "unfollowed"]
CreditByModel = dict[CreditModel, Shares]


class CreditResponse(Struct):
    """The share of the credit that a touch has under each model, from 0 to 1; only `models.pays` pays."""

    first_touch: Annotated[float, Meta(examples=[0])]
    last_touch: Annotated[float, Meta(examples=[1])]
    linear: Annotated[float, Meta(description="equal parts for all that count", examples=[0.25])]
    position_based: Annotated[
        float,
        Meta(description="0.4 for the first, 0.4 for the last, the rest for those between", examples=[0.4]),
    ]


class TouchResponse(Struct, kw_only=True):
    """Evidence of a possible referrer, and its outcome."""

    kind: EvidenceKind
    touched_at: Timestamp
    event: Annotated[str, Meta(description="id of the fact that carries it; of the click, for a click")]
    code: Annotated[str | None, Meta(description="a mention: the handle, null if it is of no participant now")]
    channel: Channel | None
    content: str | None
    cta: str | None
    partner: Annotated[
        str | None, Meta(description="the referrer's partner id, or the partner for whom the link was created")
    ]
    campaign: Annotated[str | None, Meta(description="the link's")]
    referrer: ReferrerResponse | None
    won: bool
    why: Annotated[TouchOutcome, Meta(description="the outcome, for programs")]
    detail: Annotated[str, Meta(description="the outcome, for people")]
    credit: CreditResponse


class CreditShareResponse(Struct):
    """The share of the credit that a referrer has."""

    referrer: ReferrerResponse
    share: Annotated[float, Meta(description="from 0 to 1")]


class ModelsResponse(Struct):
    """The referrers that each model credits; only the model `pays` pays. The last two include touches of any kind that counts."""

    first_touch: ReferrerResponse | None
    last_touch: ReferrerResponse | None
    linear: list[CreditShareResponse]
    position_based: list[CreditShareResponse]
    pays: AttributionModel | None


class AttributionResponse(Struct, kw_only=True):
    """The attribution of a person in a program."""

    program: str
    id: Annotated[str, Meta(description="the person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="the platform's id; null once the person was erased")]
    status: FollowStatus
    followed_at: Annotated[Timestamp | None, Meta(description="start of the current follow")]
    first_followed_at: Timestamp | None
    version: Annotated[int | None, Meta(description="the program version that applies")]
    referral: Annotated[str | None, Meta(description="id of the valid referral")]
    referrer: ReferrerResponse | None
    reason: Annotated[UnattributedReason | None, Meta(description="why the follower is unattributed")]
    qualified_at: Annotated[
        Timestamp | None,
        Meta(description="when the referral did what the program pays for: followed, ordered or stayed"),
    ]
    models: ModelsResponse
    touches: Annotated[list[TouchResponse], Meta(description="oldest first")]
    late: Annotated[int, Meta(description="facts that arrived beyond the lateness bound and changed nothing")]
    early: Annotated[int, Meta(description="facts from before the program was applied, which changed nothing")]
    ignored: Annotated[list[str], Meta(description="a sentence for each reason why facts changed nothing")]


class PersonResponse(AttributionResponse, kw_only=True):
    """A person in a program."""

    network: Network
    brought_by: Annotated[
        list[ReferrerResponse], Meta(description="the upline to the third degree, the nearest referrer first")
    ]


def person_response(
    attribution: AttributionResponse, network: Network, upline: Iterable[str], referrers: KnownReferrers
) -> PersonResponse:
    """Returns the response of a person. `upline` are person ids, the nearest first."""
    brought_by = [referrer_response(participant, referrers) for participant in upline]
    return PersonResponse(**msgspec.structs.asdict(attribution), network=network, brought_by=brought_by)


def attribution_response(
    program: str, id: str, person: Person, rules: AttributionRules | None, referrers: KnownReferrers
) -> AttributionResponse:
    """Returns the attribution part. `rules` are those in force at the first follow; None if there were none."""
    timeline, published = person.history.timeline(), person.published
    first, referrer = timeline.first_follow, published.referrer if published else None
    shares = credit_by_model(timeline, rules)
    return AttributionResponse(
        program=program,
        id=id,
        external_id=named_person(id, referrers.people).external_id,
        status=_follow_status(timeline),
        followed_at=None if timeline.since is None else to_datetime(timeline.since),
        first_followed_at=to_datetime(first.at) if first else None,
        version=first.version if first else None,
        referral=referral_id(program, id, referrer) if referrer else None,
        referrer=referrer_response(referrer, referrers) if referrer else None,
        reason=published.reason if published else None,
        qualified_at=_qualification_time(published),
        models=_models_response(shares, rules.model if rules else None, referrers),
        touches=[_touch_response(one, program, shares, referrers) for one in consider_touches(person.history, rules)],
        late=person.late_facts,
        early=person.early_facts,
        ignored=ignored_facts(person, min(version.recorded_at for version in referrers.catalog.versions(program))),
    )


def _follow_status(timeline: Timeline) -> FollowStatus:
    if timeline.since is not None:
        return "follower"
    return "none" if timeline.first_follow is None else "unfollowed"


def _qualification_time(published: PublishedVerdict | None) -> datetime | None:
    """Returns when the valid referral qualified."""
    if published is None or published.referrer is None or published.qualified_at is None:
        return None
    return to_datetime(published.qualified_at or published.since)


def _models_response(shares: CreditByModel, pays: AttributionModel | None, referrers: KnownReferrers) -> ModelsResponse:
    return ModelsResponse(
        first_touch=_sole_referrer(shares["first_touch"], referrers),
        last_touch=_sole_referrer(shares["last_touch"], referrers),
        linear=_credit_shares(shares["linear"], referrers),
        position_based=_credit_shares(shares["position_based"], referrers),
        pays=pays,
    )


def _sole_referrer(shares: Shares, referrers: KnownReferrers) -> ReferrerResponse | None:
    return next((referrer_response(touch.referrer, referrers) for touch in shares), None)


def _credit_shares(shares: Shares, referrers: KnownReferrers) -> list[CreditShareResponse]:
    """Returns the share of each referrer, the largest first."""
    by_referrer: dict[str, int] = {}
    for touch, share in shares.items():
        by_referrer[touch.referrer] = by_referrer.get(touch.referrer, 0) + share
    ranked = sorted(by_referrer.items(), key=lambda item: (-item[1], item[0]))
    return [CreditShareResponse(referrer_response(id, referrers), share / FULL_CREDIT) for id, share in ranked]


def _touch_response(
    considered: ConsideredTouch, program: str, shares: CreditByModel, referrers: KnownReferrers
) -> TouchResponse:
    touch = considered.touch
    unknown = explain_unknown(touch, program, referrers)
    return TouchResponse(
        kind=touch.kind,
        touched_at=to_datetime(touch.at),
        event=touch.event,
        code=referrers.evidence_text(program, touch.kind, touch.code),
        channel=touch.channel,
        content=touch.content,
        cta=touch.cta,
        partner=touch.partner,
        campaign=touch.campaign,
        referrer=referrer_response(touch.referrer, referrers) if touch.referrer else None,
        won=considered.outcome == "won",
        why=considered.outcome,
        detail=f"{unknown[0].upper()}{unknown[1:]}." if unknown else OUTCOME_TEXTS[considered.outcome],
        credit=CreditResponse(**{model: parts.get(touch, 0) / FULL_CREDIT for model, parts in shares.items()}),
    )
