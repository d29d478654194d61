"""Builders for experiments: a program whose content item compares two calls to action, and events of people who see it."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from leaderboard.domain.experiment_sums import VariantSums
from leaderboard.statistics.ratio import PairSums, sums_of_person
from referral.events.attributions import Evidence, ReferralAttributed, ReferralReversed
from referral.events.content import CallToAction, ContentItem, Experiment
from referral.events.entities import ProgramVersion
from referral.events.facts import Content, ContentShared, ContentShown, Shared
from referral.events.ids import referral_id
from tests.support.builders.leaderboard import GLOW
from tests.support.builders.participants import PROGRAM, START

EXPERIMENT = Experiment(id="exp_cta1", variants=("tag", "save"), metric="shares_per_impression")
ITEM = ContentItem(
    id="hacks",
    format="tag_a_friend",
    mechanics=("practical_value",),
    ctas=(
        CallToAction(id="tag", placement="caption", text={"zh-CN": "艾特一个朋友", "en": "Tag a friend"}),
        CallToAction(id="save", placement="caption", text={"zh-CN": "收藏起来", "en": "Save this"}),
    ),
    experiment=EXPERIMENT,
)
PROGRAM_WITH_EXPERIMENT = replace(GLOW, content=(ITEM,))
EXPERIMENT_VERSION = ProgramVersion(recorded_at=START, program=PROGRAM_WITH_EXPERIMENT, version=1, effective_from=START)


def shown(person: str, at: datetime, cta: str | None = "tag", id: str = "") -> ContentShown:
    """An impression of the item."""
    name = id or f"s{person}{at.timestamp()}{cta}"[:64]
    return ContentShown(id=name, occurred_at=at, program=PROGRAM, person=person, data=Content(content="hacks", cta=cta))


def shared(person: str, at: datetime, id: str = "") -> ContentShared:
    """A share of the item."""
    name = id or f"h{person}{at.timestamp()}"[:64]
    return ContentShared(id=name, occurred_at=at, program=PROGRAM, person=person, data=Shared(content="hacks"))


def followed(person: str, referrer: str, at: datetime, cta: str | None = "tag") -> ReferralAttributed:
    """A follow through a referrer's link with the item."""
    evidence = Evidence(kind="click", touched_at=at, event="evt_1", content="hacks", cta=cta)
    return ReferralAttributed(
        occurred_at=at,
        program=PROGRAM,
        id=referral_id(PROGRAM, person, referrer),
        person=person,
        referrer=referrer,
        version=1,
        evidence=evidence,
    )


def unfollowed(follow: ReferralAttributed) -> ReferralReversed:
    """The reversal of a follow, an hour later."""
    return ReferralReversed(
        occurred_at=follow.occurred_at + timedelta(hours=1),
        program=PROGRAM,
        person=follow.person,
        undoes=("attributed",),
        reason="unfollowed",
        since=follow.occurred_at,
        referrer=follow.referrer,
        id=follow.id,
    )


def sums_of_people(people: list[tuple[int, int]], multiple: int = 0) -> VariantSums:
    """The sums over people with (what is counted, impressions), the same for both metrics; no friend brought them."""
    whole = PairSums()
    for counted, impressions in people:
        whole = whole.plus(sums_of_person(counted, impressions))
    return VariantSums(whole, whole, multiple, roots=len(people))
