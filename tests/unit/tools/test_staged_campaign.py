"""What the demo adds to the program file, and how people see experiments: always the variant of who began their chain."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from link_issuer.domain.experiment_assignment import assigned_variant
from link_issuer.programs.yaml_form import read_yaml
from referral.events.content import experiment_of
from referral.events.facts import ChallengeJoined, Channel, ContentShown, PostPublished
from referral.events.program import Program
from referral.program_file.check import check_program_file
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.script import LinkContent, LiveValues, ScriptStep, Visit
from referral_tools.campaign.simulation import Simulation
from referral_tools.campaign.staged_program import DRAW, SPECIFIC_CTA_EXPERIMENT, draw_secret, staged_program
from referral_tools.oracle import Enrolled
from tests.support.settings import GLOW_FILE

FIRST = date(2026, 9, 25)
END = datetime(2026, 11, 24, tzinfo=UTC)
ITEM = "dry-skin-hacks"


def document() -> dict[str, object]:
    """The example program file."""
    return msgspec.convert(read_yaml(Path(GLOW_FILE).read_text()).content, dict[str, object])


@pytest.fixture(scope="module")
def program() -> Program:
    """The example program as it is played."""
    checked = check_program_file(staged_program(document(), CampaignModel(), 7, FIRST))
    assert checked.program is not None, checked.mistakes
    return checked.program


@pytest.fixture(scope="module")
def steps(program: Program) -> list[ScriptStep]:
    """The script of its campaign."""
    return list(Simulation(CampaignModel(), program, 7, END).steps())


def test_the_challenge_begins_on_day_20_and_votes_move_with_it() -> None:
    """The file itself stays as it is."""
    original = document()
    challenge = original["challenges"][0]  # type: ignore[index]
    challenge["vote_from"] = "2026-11-20"
    staged = staged_program(original, CampaignModel(), 7, FIRST)["challenges"][0]  # type: ignore[index]
    assert (staged["starts"], staged["vote_from"]) == ("2026-10-15", "2026-11-03")
    assert challenge["vote_from"] == "2026-11-20"


def test_an_experiment_and_a_draw_are_added(program: Program) -> None:
    """The second experiment compares with a generic call to action; the draw has committed to a secret."""
    experiments = [item.experiment for item in program.content if item.experiment]
    assert [(one.id, one.metric) for one in experiments][1] == (SPECIFIC_CTA_EXPERIMENT, "shares_per_impression")
    assert [(draw.id, draw.secret_hash) for draw in program.draws] == [(DRAW, sha256(draw_secret(7)).hexdigest())]


def test_a_program_without_content_boards_and_challenges_is_played_as_it_is() -> None:
    """Nothing is added where nothing fits."""
    assert staged_program({"id": "prg_a"}, CampaignModel(), 7, FIRST) == {"id": "prg_a"}


def test_a_person_always_sees_the_same_variant(program: Program, steps: list[ScriptStep]) -> None:
    """That of who brought them to the item, or the one that is assigned to them; with a link or without."""
    seen: dict[str, set[str | None]] = defaultdict(set)
    for step in steps:
        for deed in step.deeds:
            if isinstance(deed.fact, ContentShown) and deed.fact.data.content == ITEM:
                seen[deed.fact.person].add(deed.fact.data.cta)
    experiment = experiment_of(program.content, ITEM)
    assert experiment is not None
    assert {len(variants) for variants in seen.values()} == {1}
    own = sum(assigned_variant(experiment, person) in variants for person, variants in seen.items())
    assert len(seen) / 2 < own < len(seen)  # most began no chain, some saw the variant of who brought them


def test_links_continue_the_chain_of_who_came_by_one(steps: list[ScriptStep]) -> None:
    """Such a link has the item and the variant of the link by which its owner came."""
    visits = {visit.number: visit for step in steps for visit in step.visits}
    chained = [visit for visit in visits.values() if visit.link.came_by is not None]
    assert len(chained) > 20
    for visit in chained:
        came_by = visits[visit.link.came_by or 0].link
        assert (visit.link.content, visit.link.cta) == (came_by.content, came_by.cta)


def test_a_click_knows_who_began_its_chain() -> None:
    """The first owner, however long the chain; no one where the owner began it."""
    live = LiveValues({name: Enrolled(f"psn_{name}", name, name.upper(), None, END) for name in ("amy", "bo", "cat")})
    channel: Channel = "wechat"
    roots = [
        live.add_click(Visit(number, owner, LinkContent(channel, ITEM, "tag", came_by)), f"token-{number}", END).root
        for number, owner, came_by in ((1, "amy", None), (2, "bo", 1), (3, "cat", 2), (4, "amy", 3))
    ]
    assert roots == [None, "psn_amy", "psn_amy", None]


def test_the_challenge_has_two_thousand_posts_of_those_who_joined(program: Program, steps: list[ScriptStep]) -> None:
    """All of them on its days."""
    tag, starts = program.challenges[0].hashtag, datetime(2026, 10, 15, tzinfo=UTC)
    facts = [deed.fact for step in steps for deed in step.deeds]
    joined = {fact.person for fact in facts if isinstance(fact, ChallengeJoined)}
    posts = [fact for fact in facts if isinstance(fact, PostPublished) and tag in fact.data.hashtags]
    assert len({fact.data.post for fact in posts}) > 2000
    assert {fact.person for fact in posts} <= joined
    assert all(timedelta() <= fact.occurred_at - starts <= timedelta(days=30) for fact in posts)
