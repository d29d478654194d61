"""What a growth expert would say about a program that is correct but could do better: warnings, never refusals."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from referral.events.program import Program

MOST_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """A warning: the mistake's stable name, a JSON pointer to the place, and how to do better."""

    code: str
    pointer: str
    detail: str


def advice(program: Program) -> list[Advice]:
    """All that there is to say, in the order of the file."""
    return [one for rule in _RULES for one in rule(program)]


def _too_many_channels(program: Program) -> Iterator[Advice]:
    if len(program.channels) > MOST_CHANNELS:
        yield Advice(
            "too_many_channels",
            "/channels",
            f"{len(program.channels)} channels divide your effort: begin with your best {MOST_CHANNELS}",
        )


def _rewards(program: Program) -> Iterator[Advice]:
    rewarded = {reward.to for reward in program.rewards}
    if not rewarded:
        yield Advice(
            "no_reward", "/rewards", "nobody gets anything: promise both sides something small, such as a guide"
        )
    elif len(rewarded) == 1:
        only, other = ("referrer", "referee") if "referrer" in rewarded else ("referee", "referrer")
        yield Advice(
            "one_sided_reward",
            "/rewards",
            f"only the {only} gets something: reward the {other} too, so that an invitation is a gift and not a favour",
        )


def _no_call_to_action(program: Program) -> Iterator[Advice]:
    if not program.content:
        yield Advice("no_cta", "/content", "there is no content to share: add an item with a call to action")
    for index, item in enumerate(program.content):
        if not item.ctas:
            yield Advice(
                "no_cta", f"/content/{index}/ctas", f"{item.id} asks nobody to pass it on: add a call to action"
            )


_RULES: tuple[Callable[[Program], Iterator[Advice]], ...] = (_too_many_channels, _rewards, _no_call_to_action)
