"""Draws as lines: committed to when their board is closed, held once the randomness is known."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from leaderboard.domain.closed_board import RankedBlock
from leaderboard.domain.closing_state import ClosedBoard, ClosingState, DrawState
from leaderboard.domain.draw_result import draw_order, last_leaf, randomness, ticket_count
from leaderboard.domain.prize_ladder import Ladder, PlacePrize, award
from leaderboard.folds import closing_keys
from leaderboard.folds.closing_terms import ClosingTerms, PeriodBoard
from leaderboard.folds.prize_lines import DAY_S, write_ladder
from referral.events.draw_rules import Draw
from referral.events.standings import DRAW_DELAY_S, DrawCommitted, DrawHeld, DrawRandomnessGiven
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Output, SortedSetMember
from referral.topics import STANDINGS
from referral.verification.quicknet import published_at, round_after
from referral.verification.weighted_draw import RULE


def commit_draw(
    name: PeriodBoard,
    closed: ClosedBoard,
    terms: ClosingTerms,
    draw: Draw,
    blocks: Sequence[RankedBlock],
    occurred_at: datetime,
    decision: Decision[ClosingState],
) -> None:
    """Adds the commitment to a draw among the entries of a board that was just closed."""
    state = DrawState(
        draw=draw.id,
        committed_at_s=closed.closed_at_s,
        root=closed.root,
        entries=closed.entries,
        tickets=ticket_count(blocks),
        winners=draw.winners,
        alternates=draw.alternates,
        last_leaf=last_leaf(blocks),
        version=terms.version.version,
        holding_s=terms.version.program.holding_days * DAY_S,
        reward=draw.reward,
        round=None if draw.secret_hash else round_after(closed.closed_at_s + DRAW_DELAY_S),
        secret_hash=draw.secret_hash,
    )
    decision.changes[closing_keys.draw(name.key, draw.id)] = state
    if state.round is not None:
        decision.changes[_awaited(name, draw.id)] = float(published_at(state.round))
    line = DrawCommitted(
        occurred_at=occurred_at,
        program=name.program,
        metric=name.metric,
        kind=name.kind,
        period=name.period,
        draw=draw.id,
        root=state.root,
        entries=state.entries,
        tickets=state.tickets,
        winners=state.winners,
        alternates=state.alternates,
        rule=RULE,
        last_leaf=state.last_leaf,
        round=state.round,
        secret_hash=state.secret_hash,
    )
    decision.outputs.append(Output(STANDINGS, line, name.program))


def hold_draw(
    line: DrawRandomnessGiven, state: DrawState, blocks: Sequence[RankedBlock], void: Iterable[str]
) -> Decision[ClosingState]:
    """Returns the draw with its winners. Raises InvalidRandomness for what it has not committed to; once held, it stays."""
    decision: Decision[ClosingState] = Decision()
    if state.held_at_s is not None:
        return decision
    name, random = PeriodBoard.of(line), randomness(state, line.round, line.signature, line.secret)
    order = draw_order(state, blocks, random)
    held_at_s = to_ms(line.occurred_at) // 1000
    decision.changes[closing_keys.draw(name.key, line.draw)] = replace(
        state, held_at_s=held_at_s, randomness=random, signature=line.signature, secret=line.secret, drawn=order
    )
    decision.changes[_awaited(name, line.draw)] = None
    held = DrawHeld(
        occurred_at=line.occurred_at,
        program=line.program,
        metric=line.metric,
        kind=line.kind,
        period=line.period,
        draw=line.draw,
        root=state.root,
        randomness=random,
        winners=order[: state.winners],
        alternates=order[state.winners :],
        round=line.round,
        signature=line.signature,
        secret=line.secret,
    )
    decision.outputs.append(Output(STANDINGS, held, line.program))
    ladder = Ladder(
        trigger=f"draw:{line.draw}:{line.period}",
        version=state.version,
        until_s=held_at_s + state.holding_s,
        candidates=order,
        prizes=(PlacePrize(1, state.winners, state.reward, state.reward),),
        void=tuple(void),
        draw=line.draw,
    )
    write_ladder(name, f"draw:{line.draw}", award(ladder), line.occurred_at, decision)
    return decision


def _awaited(name: PeriodBoard, draw: str) -> SortedSetMember:
    return SortedSetMember(closing_keys.AWAITED_ROUNDS, closing_keys.awaited_draw(name.key, draw))
