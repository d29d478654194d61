"""The texts of a program that people read, each with its JSON pointer in the program file."""

from collections.abc import Iterator, Mapping

from referral.events.board_rules import Prize
from referral.events.program import Program
from referral.json_pointer import json_pointer

LocatedText = tuple[str, str]
"""A JSON pointer and the text at it."""


def ctas(program: Program) -> Iterator[LocatedText]:
    """Every call to action, in every language."""
    for index, item in enumerate(program.content):
        for number, cta in enumerate(item.ctas):
            yield from _localized_texts(cta.text, "content", index, "ctas", number, "text")


def kits(program: Program) -> Iterator[LocatedText]:
    """Every share kit, in every language."""
    for channel, text in program.kits.items():
        yield from _localized_texts(text, "kits", channel)


def all_texts(program: Program) -> Iterator[LocatedText]:
    """Every text that followers read, promised rewards and prizes included."""
    for index, item in enumerate(program.content):
        yield from _localized_texts(item.hook, "content", index, "hook")
    yield from ctas(program)
    yield from kits(program)
    for index, reward in enumerate(program.rewards):
        yield from _localized_texts({"worth": reward.worth} if reward.worth else {}, "rewards", index)
    for index, board in enumerate(program.boards):
        for period, prizes in board.prizes.items():
            for ranks, prize in prizes.items():
                yield from _prize_texts(prize, "boards", index, "prizes", period, ranks)
    yield from _challenge_texts(program)
    yield from _replies(program)


def wechat_texts(program: Program) -> Iterator[LocatedText]:
    """What people read on WeChat: the share kit, and what the account replies."""
    yield from _localized_texts(program.kits.get("wechat", {}), "kits", "wechat")
    yield from _replies(program)


def _replies(program: Program) -> Iterator[LocatedText]:
    account = program.wechat
    named = {"follow": account.follow, "scan": account.scan}
    replies = [((name,), reply) for name, reply in named.items() if reply]
    numbered = [(("keywords", number), reply) for number, reply in enumerate(account.keywords)]
    for path, reply in (*replies, *numbered):
        yield from _localized_texts(reply.text or {}, "wechat", *path, "text")
        if reply.news is not None:
            yield from _localized_texts(reply.news.title, "wechat", *path, "news", "title")
            yield from _localized_texts(reply.news.description or {}, "wechat", *path, "news", "description")


def _challenge_texts(program: Program) -> Iterator[LocatedText]:
    for index, challenge in enumerate(program.challenges):
        for kind, prize in challenge.prizes.items():
            yield from _prize_texts(prize, "challenges", index, "prizes", kind)
        for day, prompt in enumerate(challenge.resources.prompts):
            yield from _localized_texts(prompt, "challenges", index, "resources", "prompts", day)


def _prize_texts(prize: Prize, *path: str | int) -> Iterator[LocatedText]:
    if isinstance(prize, str):
        yield json_pointer(*path), prize
    else:
        yield from _localized_texts(prize, *path)


def _localized_texts(texts: Mapping[str, str], *path: str | int) -> Iterator[LocatedText]:
    for key, text in texts.items():
        yield json_pointer(*path, key), text
