"""Prizes of boards and draws name rewards, and these rewards are named by one: what no section shows by itself."""

from collections.abc import Iterator
from itertools import islice
from typing import cast, get_args

from referral.events.board_rules import MAX_BOARDS, MAX_PRIZES, PAID_METRICS, BoardPeriod
from referral.events.challenges import MAX_CHALLENGES
from referral.events.draw_rules import MAX_DRAWS
from referral.events.prize_ranks import ranks
from referral.events.reward_rules import RewardTrigger
from referral.program_file.raw_section import RawSection
from referral.validation.mistakes import Mistake

_PRIZE_TRIGGERS = {"weekly": "weekly", "final": "final", "every_participant": "participant"}
MAX_PAID_RANK = 1000
"""The last rank whose prize a reward can pay."""


def prizes_are_rewards(program: RawSection) -> Iterator[Mistake]:
    """A reward for a prize is the prize of a board, and no reward pays ranks beyond MAX_PAID_RANK."""
    rules = {id_: one for one in _rewards_on(program, "board.prize") if (id_ := one.raw_text("id"))}
    named: set[str] = set()
    for metric, period, prizes in _prizes(program):
        for rank, prize in islice(prizes.values.items(), MAX_PRIZES):
            if isinstance(prize, str) and prize in rules:
                named.add(prize)
                yield from _payable(metric, period, prizes, str(rank))
    for id_, reward in rules.items():
        if id_ not in named:
            example = f"prizes: {{month: {{1: {id_[:64]}}}}}"
            yield reward.mistake("on", f"is never paid: make it a prize of a board, such as {example}")


def _payable(metric: str, period: BoardPeriod, prizes: RawSection, rank: str) -> Iterator[Mistake]:
    paid = ranks(rank)
    if metric not in PAID_METRICS:
        yield prizes.mistake(rank, f"can be no reward: rewards are paid by boards of {', '.join(PAID_METRICS)} only")
    elif period == "all":
        yield prizes.mistake(rank, "can be no reward: the board of all time never closes, so it is never paid")
    elif paid is not None and paid.stop - 1 > MAX_PAID_RANK:
        yield prizes.mistake(rank, f"can be no reward beyond rank {MAX_PAID_RANK}: end the range there")


def _prizes(program: RawSection) -> Iterator[tuple[str, BoardPeriod, RawSection]]:
    for board in islice(program.sections("boards"), MAX_BOARDS):
        for period in get_args(BoardPeriod):
            yield board.raw_text("metric") or "", period, board.section("prizes").section(period)


def _rewards_on(program: RawSection, trigger: RewardTrigger) -> Iterator[RawSection]:
    return (reward for reward in program.sections("rewards") if reward.text("on") == trigger)


def draws_can_be_held(program: RawSection) -> Iterator[Mistake]:
    """A draw is among the entries of a board that closes, and each winner gets a reward for it."""
    rewards = {id_: one.raw_text("on") for one in program.sections("rewards") if (id_ := one.raw_text("id"))}
    closing = _closing_boards(program)
    used: set[str] = set()
    for draw in islice(program.sections("draws"), MAX_DRAWS):
        board, period, reward = draw.text("board"), draw.text("period"), draw.text("reward")
        if board and board not in PAID_METRICS:
            yield draw.mistake("board", f"must be one of {', '.join(PAID_METRICS)}: draws are among their entries only")
        elif board and period and (board, period) not in closing:
            yield draw.mistake(
                "board", f"has no {period} of {board}: add it to boards, or draw among one of its periods"
            )
        if reward and rewards.get(reward) != "draw.won":
            yield draw.mistake("reward", f"must be the id of a reward with on: draw.won; got {reward[:64]!r}")
        used.add(reward or "")
    for one in _rewards_on(program, "draw.won"):
        if (id_ := one.raw_text("id")) and id_ not in used:
            yield one.mistake("on", f"is never paid: add a draw with reward: {id_[:64]}")


def challenge_prizes_are_rewards(program: RawSection) -> Iterator[Mistake]:
    """A reward for a prize of a challenge is that prize."""
    named = {
        (f"challenge.{_PRIZE_TRIGGERS[kind]}", prize)
        for challenge in islice(program.sections("challenges"), MAX_CHALLENGES)
        for kind, prize in challenge.section("prizes").values.items()
        if kind in _PRIZE_TRIGGERS and isinstance(prize, str)
    }
    for kind, trigger in _PRIZE_TRIGGERS.items():
        for reward in _rewards_on(program, cast("RewardTrigger", f"challenge.{trigger}")):
            id_ = reward.raw_text("id")
            if id_ and (f"challenge.{trigger}", id_) not in named:
                yield reward.mistake(
                    "on", f"is never paid: make it a prize of a challenge: prizes: {{{kind}: {id_[:64]}}}"
                )


def tickets_are_in_draws(program: RawSection) -> Iterator[Mistake]:
    """A giveaway entry that names a draw is a ticket in it: then each referral on the draw's board has one."""
    draws = {id_ for one in islice(program.sections("draws"), MAX_DRAWS) if (id_ := one.raw_text("id"))}
    for reward in program.sections("rewards"):
        draw, kind = reward.text("draw"), reward.text("kind")
        if draw is None or kind is None:
            continue
        if kind != "giveaway_entry":
            yield reward.mistake("draw", f"is for a giveaway_entry only, this is a {kind[:64]}: remove it")
        elif draw not in draws:
            yield reward.mistake("draw", f"must be the id of one of the draws; got {draw[:64]!r}")
        else:
            yield from _ticket_mistakes(reward)


def _ticket_mistakes(reward: RawSection) -> Iterator[Mistake]:
    """What would make the rewards differ from the referrals that the draw counts."""
    if reward.text("on") not in (None, "conversion.cleared"):
        yield reward.mistake("on", "must be conversion.cleared: each referral on the draw's board is one ticket")
    if reward.text("to") not in (None, "referrer"):
        yield reward.mistake("to", "must be referrer: the ticket belongs to the person who referred the friend")
    for field in ("once", "where"):
        if reward.values.get(field):
            yield reward.mistake(field, "must be left out: every referral on the draw's board is a ticket")


def _closing_boards(program: RawSection) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for board in islice(program.sections("boards"), MAX_BOARDS):
        sent = [one for one in board.raw_list("periods") if isinstance(one, str)]
        found |= {(board.raw_text("metric") or "", period) for period in sent or get_args(BoardPeriod)}
    return found
