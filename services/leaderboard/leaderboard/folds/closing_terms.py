"""Under which terms a board closes: the declarations of the program version that is in force when its period ends."""

from collections.abc import Sequence
from typing import NamedTuple

from leaderboard.domain.periods import kind_of
from leaderboard.domain.prize_ladder import PlacePrize
from leaderboard.folds import state_keys
from leaderboard.folds.challenge_terms import PRIZE_TRIGGERS, ChallengeTerms, final_version
from leaderboard.folds.time_zones import ProgramTimeZones
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import Board, Prize
from referral.events.draw_rules import Draw
from referral.events.entities import ProgramVersion
from referral.events.prize_ranks import ranks
from referral.events.program import Program
from referral.events.standings import CLOSING_DELAY_S, BoardEvent


class PeriodBoard(NamedTuple):
    """What the key of a board consists of."""

    program: str
    metric: str
    kind: ReferrerKind
    period: str

    @classmethod
    def parse(cls, key: str) -> "PeriodBoard":
        """The name of the board with a key of `state_keys.board`."""
        program, metric, period = key.split(":")
        base, _, kind = metric.partition("/")
        return cls(program, base, "partner" if kind == "partner" else "follower", period)

    @classmethod
    def of(cls, line: BoardEvent) -> "PeriodBoard":
        """The name of the board that a line is about."""
        return cls(line.program, line.metric, line.kind, line.period)

    @property
    def key(self) -> str:
        """The key of the board."""
        return state_keys.board_key(self.program, self.metric, self.period, self.kind)


class ClosingTerms(NamedTuple):
    """The program version of a closing, the prizes of the board, and its draws; partners have neither."""

    version: ProgramVersion
    prizes: tuple[PlacePrize, ...]
    draws: tuple[Draw, ...]

    @property
    def has_prizes(self) -> bool:
        """Whether anything can be won by the board."""
        return bool(self.prizes or self.draws)


def closing_terms(name: PeriodBoard, closes_at_s: int, catalog: Catalog) -> ClosingTerms | None:
    """Returns the terms by which a board closes; None if the program does not declare the board."""
    if name.period.startswith(state_keys.CHALLENGE_PERIOD):
        return _challenge_terms(name, catalog)
    version = catalog.program_at(name.program, (closes_at_s - CLOSING_DELAY_S) * 1000 - 1)
    period = kind_of(name.period)
    if version is None:
        return None
    boards = version.program.boards
    board = next((one for one in boards if one.metric == name.metric and period in one.periods), None)
    if board is None:
        return None
    if name.kind == "partner":
        return ClosingTerms(version, (), ())
    draws = [one for one in version.program.draws if one.board == name.metric and one.period == period]
    return ClosingTerms(version, _prizes(board, name.period, version.program), tuple(draws))


def _challenge_terms(name: PeriodBoard, catalog: Catalog) -> ClosingTerms | None:
    """Those of a challenge: its winner gets the final prize."""
    id_ = name.period.removeprefix(state_keys.CHALLENGE_PERIOD)
    days = ChallengeTerms(ProgramTimeZones()).days_of(name.program, id_, catalog)
    if days is None:
        return None
    version, challenge = final_version(name.program, days, catalog)
    prize = challenge.prizes.get("final")
    if prize is None:
        return ClosingTerms(version, (), ())
    rules = {rule.id for rule in version.program.rewards if rule.on == PRIZE_TRIGGERS["final"]}
    rule = prize if isinstance(prize, str) and prize in rules else None
    return ClosingTerms(version, (PlacePrize(1, 1, prize_text(prize), rule),), ())


def _prizes(board: Board, period: str, program: Program) -> tuple[PlacePrize, ...]:
    rules = {rule.id for rule in program.rewards if rule.on == "board.prize"}
    declared = board.prizes.get(kind_of(period), {})
    found = [(ranks(text), prize) for text, prize in declared.items()]
    places = [
        PlacePrize(
            places.start,
            places.stop - 1,
            prize_text(prize),
            prize if isinstance(prize, str) and prize in rules else None,
        )
        for places, prize in found
        if places is not None
    ]
    return tuple(sorted(places, key=lambda one: one.first))


def prize_text(prize: Prize) -> str:
    """The prize as one text: of several languages the first."""
    texts: Sequence[str] = [prize] if isinstance(prize, str) else list(prize.values())
    return texts[0]
