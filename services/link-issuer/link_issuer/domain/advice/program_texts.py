"""The texts of a program that people read, each with its place in the file."""

from collections.abc import Iterator, Mapping

from referral.events.program import Program
from referral.validation.mistakes import json_pointer

Text = tuple[str, str]
"""A JSON pointer, and what is written there."""


def ctas(program: Program) -> Iterator[Text]:
    """Every call to action, in every language."""
    for index, item in enumerate(program.content):
        for number, cta in enumerate(item.ctas):
            yield from _each(cta.text, "content", index, "ctas", number, "text")


def kits(program: Program) -> Iterator[Text]:
    """Every share kit, in every language."""
    for channel, text in program.kits.items():
        yield from _each(text, "kits", channel)


def everything(program: Program) -> Iterator[Text]:
    """All that a follower reads or is promised."""
    for index, item in enumerate(program.content):
        yield from _each(item.hook, "content", index, "hook")
    yield from ctas(program)
    yield from kits(program)
    for index, reward in enumerate(program.rewards):
        yield from _each({"worth": reward.worth} if reward.worth else {}, "rewards", index)
    for index, board in enumerate(program.boards):
        for period, prizes in board.prizes.items():
            yield from _each(prizes, "boards", index, "prizes", period)
    yield from _of_challenges(program)


def _of_challenges(program: Program) -> Iterator[Text]:
    for index, challenge in enumerate(program.challenges):
        yield from _each(dict(challenge.prizes.items()), "challenges", index, "prizes")
        for day, prompt in enumerate(challenge.resources.prompts):
            yield from _each(prompt, "challenges", index, "resources", "prompts", day)


def _each(texts: Mapping[str, str], *path: str | int) -> Iterator[Text]:
    for key, text in texts.items():
        yield json_pointer(*path, key), text
