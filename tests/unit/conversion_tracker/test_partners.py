"""Partners count as referrers of their own kind, and every line after says so."""

import pytest
from msgspec.structs import replace

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.referrer_response import PartnerResponse, referrer_response
from conversion_tracker.screening.fold import ScreenFold
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralReversed
from referral.events.conversions import ConversionFact
from referral.events.entities import Link
from referral.events.facts import ClickToken, Fact
from referral.events.line import type_tag
from referral.events.program import Partner
from referral.events.timestamps import to_ms
from referral.people.people_view import people_in_memory
from tests.support.builders.conversion_tracker import TOKENS, follow, friend_tag, program_version, scan, unfollow
from tests.support.builders.participants import AMY, PROGRAM, START, day, participant
from tests.support.folds import FoldFeed
from tests.support.scenarios.attribution import AttributionRun

LIN = replace(participant("lin"), partner="kol_lin")
AMYS_LINK = Link(
    recorded_at=START,
    id="lnk_1",
    code="AMYLIN",
    program=PROGRAM,
    participant=AMY.id,
    partner="kol_lin",
    campaign="spring",
)
LINS_LINK = replace(AMYS_LINK, id="lnk_2", code="LINLINK", participant=LIN.id, partner=None, campaign=None)
NAMED = replace(
    program_version(),
    program=replace(
        program_version().program,
        partners=(Partner(id="kol_lin", kind="influencer", channel="weibo", name={"en": "Lin"}),),
    ),
)
CLICK = TOKENS.sign_click(
    ClickToken(
        id="clk_1", program=PROGRAM, participant=LIN.id, code="LIN88", clicked_at_ms=to_ms(day(1)), partner="kol_lin"
    )
)


def known() -> Catalog:
    """Amy, Lin who is a partner, and a link of each."""
    return Catalog([AMY, LIN, AMYS_LINK, LINS_LINK, NAMED])


@pytest.mark.parametrize(
    "facts",
    [
        [follow(1, 2, code="LIN88")],
        [follow(1, 2, code="LINLINK")],
        [follow(1, 2, click=CLICK)],
        [scan(1, 1, "LIN88"), follow(2, 2)],
        [follow(1, 2, mention="@lin")],
        [friend_tag(1, 1, LIN.id), follow(2, 2)],
    ],
    ids=["code", "link", "click", "scan", "mention", "tag"],
)
def test_whatever_the_evidence_a_partner_is_credited_as_a_partner(facts: list[Fact]) -> None:
    """By code, link, click, scan, mention or tag: the line says the kind of referrer and which partner."""
    said = AttributionRun(known()).take(facts).outputs
    assert {getattr(line, "referrer", None) for line in said} == {LIN.id}
    assert {(line.referrer_kind, line.evidence.partner) for line in said} == {("partner", "kol_lin")}  # type: ignore[union-attr]


@pytest.mark.parametrize("by", ["code", "click"])
def test_evidence_names_who_began_the_chain(by: str) -> None:
    """By the code of a link that continues one, or by its click token; the referrer is the link's participant."""
    link = replace(AMYS_LINK, root=LIN.id, content="hacks")
    token = ClickToken(
        id="clk_2", program=PROGRAM, participant=AMY.id, code=link.code, clicked_at_ms=to_ms(day(1)), root=LIN.id
    )
    fact = follow(1, 2, code=link.code) if by == "code" else follow(1, 2, click=TOKENS.sign_click(token))
    [line] = AttributionRun(Catalog([AMY, LIN, link, NAMED])).take([fact]).outputs
    assert isinstance(line, ReferralAttributed)
    assert (line.referrer, line.evidence.root) == (AMY.id, LIN.id)


def test_a_follower_whose_link_was_made_for_a_partner_stays_a_follower() -> None:
    """The label says what to group by; who the referrer is, is another matter."""
    said = AttributionRun(known()).take([follow(1, 2, code="AMYLIN")]).outputs
    found = {(line.referrer_kind, line.evidence.partner, line.evidence.campaign) for line in said}  # type: ignore[union-attr]
    assert found == {("follower", "kol_lin", "spring")}


def test_conversions_say_the_kind_and_so_does_their_fall() -> None:
    """Rewards and boards go by the line alone, whatever the catalog holds when it is folded."""
    attributions = AttributionRun(known()).take([follow(1, 2, code="LIN88"), unfollow(2, 3)]).outputs
    lines = FoldFeed(ScreenFold(), known()).feed(
        line for line in attributions if isinstance(line, ReferralAttributed | ReferralReversed)
    )
    conversions = [line for line in lines if isinstance(line, ConversionFact)]
    assert [(type_tag(line), line.referrer_kind) for line in conversions] == [
        ("conversion.cleared", "partner"),
        ("conversion.reversed", "partner"),
    ]


def test_the_api_shows_which_partner_somebody_is() -> None:
    """With what the program says of them, also once it names them no more."""
    without = replace(program_version(2, day(1)), effective_from=day(1))
    shown = referrer_response(LIN.id, KnownReferrers(Catalog([LIN, AMY, NAMED, without]), people_in_memory()))
    assert shown.kind == "partner"
    assert shown.partner == PartnerResponse("kol_lin", "influencer", "weibo", {"en": "Lin"})
    amy = referrer_response(AMY.id, KnownReferrers(known(), people_in_memory()))
    assert (amy.kind, amy.partner) == ("follower", None)
