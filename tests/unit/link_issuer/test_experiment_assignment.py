"""Assignment to variants: sticky, in the shares of the weights, and independent between experiments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.experiment_assignment import assigned_variant, variant_for, with_assigned_variant
from link_issuer.domain.link_spec import LinkSpec, continue_chain
from link_issuer.domain.share_kit import select_call_to_action
from referral.events.content import Experiment
from referral.events.facts import ClickToken
from tests.support.builders.experiments import EXPERIMENT, ITEM, PROGRAM_WITH_EXPERIMENT
from tests.support.builders.participants import participant

PEOPLE = [f"psn_{number}" for number in range(6000)]
THREE = Experiment(id="exp", variants=("tag", "save", "last"), weights=(1, 2, 3))


@given(person=st.text(max_size=20), weights=st.lists(st.integers(1, 1000), min_size=2, max_size=20))
def test_a_person_always_gets_the_same_variant(person: str, weights: list[int]) -> None:
    """It follows from their id alone, so that every process agrees without asking."""
    variants = tuple(f"v{number}" for number in range(len(weights)))
    experiment = Experiment(id="exp", variants=variants, weights=tuple(weights))
    assert assigned_variant(experiment, person) == assigned_variant(experiment, person)
    assert assigned_variant(experiment, person) in variants


@pytest.mark.parametrize(("variant", "share"), [("tag", 1 / 6), ("save", 2 / 6), ("last", 3 / 6)])
def test_people_are_split_as_the_weights_say(variant: str, share: float) -> None:
    """Within two percentage points for 6,000 people: more than three standard deviations."""
    found = sum(assigned_variant(THREE, person) == variant for person in PEOPLE) / len(PEOPLE)
    assert found == pytest.approx(share, abs=0.02)


def test_variants_of_one_experiment_say_nothing_about_another() -> None:
    """Half of those in one variant of the first are in each variant of the second."""
    other = replace(EXPERIMENT, id="exp_other")
    first = [person for person in PEOPLE if assigned_variant(EXPERIMENT, person) == "tag"]
    both = sum(assigned_variant(other, person) == "tag" for person in first)
    assert both / len(first) == pytest.approx(0.5, abs=0.03)


def test_a_link_with_the_item_carries_the_variant_unless_it_names_one() -> None:
    """Its click token carries it on, so that friends count for it."""
    amy = participant("amy")
    variant = assigned_variant(EXPERIMENT, amy.id)
    assert with_assigned_variant(LinkSpec(content=ITEM.id), PROGRAM_WITH_EXPERIMENT, amy.id).cta == variant
    for spec in (LinkSpec(), LinkSpec(content="other"), LinkSpec(content=ITEM.id, cta="save")):
        assert with_assigned_variant(spec, PROGRAM_WITH_EXPERIMENT, amy.id) == spec


def test_a_kit_asks_with_the_variant_of_its_participant() -> None:
    """Both variants are used, each by those who were assigned to it."""
    for name in ("amy", "bob", "cat", "dan", "eve", "fay"):
        holder = participant(name)
        chosen = select_call_to_action(ITEM, holder)
        assert chosen is not None
        assert chosen.id == assigned_variant(EXPERIMENT, holder.id)


@pytest.mark.parametrize("winner", ["tag", "save"])
def test_a_decided_variant_is_what_new_links_and_kits_get(winner: str) -> None:
    """From the decision on, whoever it is; a link that has another one already keeps it."""
    decided = {EXPERIMENT.id: winner}.get
    for name in ("amy", "bob", "cat", "dan", "eve", "fay"):
        holder = participant(name)
        spec = with_assigned_variant(LinkSpec(content=ITEM.id), PROGRAM_WITH_EXPERIMENT, holder.id, decided)
        chosen = select_call_to_action(ITEM, holder, decided)
        assert chosen is not None
        assert (spec.cta, chosen.id) == (winner, winner)
    named = LinkSpec(content=ITEM.id, cta="save")
    assert with_assigned_variant(named, PROGRAM_WITH_EXPERIMENT, "psn_amy", decided) == named


@pytest.mark.parametrize(
    ("experiment", "decided"),
    [
        (replace(EXPERIMENT, automatic_end=False), {EXPERIMENT.id: "save"}),
        (EXPERIMENT, {EXPERIMENT.id: "removed"}),
        (EXPERIMENT, {"exp_other": "save"}),
    ],
    ids=["the program ends it itself", "a call to action that is gone", "another experiment"],
)
def test_a_decision_that_does_not_apply_changes_no_assignment(experiment: Experiment, decided: dict[str, str]) -> None:
    """People keep the variants that they were assigned."""
    for person in PEOPLE[:50]:
        assert variant_for(experiment, person, decided.get) == assigned_variant(experiment, person)


AMYS_CLICK = ClickToken(
    id="clk_1",
    program=PROGRAM_WITH_EXPERIMENT.id,
    participant="psn_amy",
    code="AMY",
    clicked_at_ms=1,
    content=ITEM.id,
    cta="save",
)


@pytest.mark.parametrize(
    ("spec", "came_by", "expected"),
    [
        (LinkSpec(), AMYS_CLICK, LinkSpec(content=ITEM.id, cta="save", root="psn_amy")),
        (LinkSpec(content=ITEM.id), AMYS_CLICK, LinkSpec(content=ITEM.id, cta="save", root="psn_amy")),
        (LinkSpec(), replace(AMYS_CLICK, root="psn_zoe"), LinkSpec(content=ITEM.id, cta="save", root="psn_zoe")),
        (LinkSpec(content=ITEM.id, cta="tag"), AMYS_CLICK, LinkSpec(content=ITEM.id, cta="tag", root="psn_amy")),
        (LinkSpec(content="other"), AMYS_CLICK, LinkSpec(content="other")),
        (LinkSpec(), replace(AMYS_CLICK, content=None), LinkSpec()),
        (LinkSpec(), replace(AMYS_CLICK, participant="psn_bob"), LinkSpec()),
        (LinkSpec(), replace(AMYS_CLICK, root="psn_bob"), LinkSpec()),
    ],
    ids=["inherited", "same item", "further down", "mixed", "other item", "no item", "own link", "own chain"],
)
def test_a_friend_who_passes_it_on_continues_the_chain(spec: LinkSpec, came_by: ClickToken, expected: LinkSpec) -> None:
    """With the variant and the root of the link that they came by; a variant that the link names itself mixes the chain."""
    assert continue_chain(spec, came_by, "psn_bob") == expected
