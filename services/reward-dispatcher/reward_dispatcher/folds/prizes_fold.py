"""Prizes of closed boards and of draws → rewards and messages: a grant for each prize that a reward rule pays. Without state."""

from collections.abc import Mapping, Sequence
from typing import assert_never, get_args

from msgspec import Struct

from referral.catalog.view import Catalog
from referral.entitlement.earnable_rewards import EarnableReward, earnable_rewards
from referral.entitlement.grant_lines import Occasion, granted_line
from referral.events.entities import ProgramVersion
from referral.events.experiments import ExperimentEvent, ExperimentLine, ExperimentPersonBanned
from referral.events.ids import reward_id
from referral.events.line import ClockTicked
from referral.events.rewards import RewardGranted, RewardRevoked, reward_key
from referral.events.standings import (
    BoardClosed,
    BoardCorrected,
    BoardPartClosed,
    BoardPartsWritten,
    DrawCommitted,
    DrawHeld,
    DrawRandomnessGiven,
    PrizeAwarded,
    PrizeRevoked,
    StandingLine,
)
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import DELIVERIES, REWARDS, STANDINGS, Topic
from reward_dispatcher.folds.message_requests import period_messages, prize_message

States = Mapping[Key, bytes | float | None]


class PrizesFold:
    """Grants the rewards of prizes under the version that awarded them, and revokes what is taken back from a void winner.

    A prize is for a referrer, so no cap of referrals limits it; budgets do. `code_key` is as in the decide fold.
    """

    name = "prizes"
    service = "rd"
    source: Topic = STANDINGS
    outputs: Sequence[Topic] = (REWARDS, DELIVERIES)
    ignored: Sequence[type[Struct]] = (
        *get_args(ExperimentLine),
        BoardPartsWritten,
        BoardClosed,
        BoardCorrected,
        DrawCommitted,
        DrawRandomnessGiven,
        DrawHeld,
    )
    state: object = bytes
    keeps_order = False

    def __init__(self, code_key: str) -> None:
        self._code_key = code_key
        self._earnable: dict[str, tuple[ProgramVersion, dict[str, EarnableReward]]] = {}  # by program, as last used

    def keys(self, line: StandingLine) -> Sequence[Key]:
        """None: a grant follows from its line alone, and the ledger knows what was granted before."""
        return ()

    def decide(self, line: StandingLine, states: States, catalog: Catalog, position: Position) -> Decision[bytes]:
        """Returns the grant or the revocation. Raises LookupError if the catalog lacks the program version or the rule."""
        match line:
            case PrizeAwarded():
                decision = self._grant(line, catalog) if line.rule is not None else Decision[bytes]()
                decision.outputs += prize_message(line, catalog)
                return decision
            case BoardPartClosed():
                return Decision(outputs=period_messages(line, catalog))
            case PrizeRevoked():
                return _revoke(line) if line.rule is not None else Decision()
            case (
                BoardPartsWritten()
                | BoardClosed()
                | BoardCorrected()
                | DrawCommitted()
                | DrawRandomnessGiven()
                | DrawHeld()
                | ExperimentEvent()
                | ExperimentPersonBanned()
                | ClockTicked()
            ):
                return Decision()
            case _:
                assert_never(line)

    def _grant(self, line: PrizeAwarded, catalog: Catalog) -> Decision[bytes]:
        reward = self._rewards(line, catalog).get(line.rule or "")
        if reward is None:
            raise LookupError(f"version {line.version} of {line.program} has no reward {line.rule} for prizes")
        occasion = Occasion(line.occurred_at, line.program, line.participant, line.participant, line.trigger)
        return _decision(granted_line(occasion, reward, reward.value, reward.cost))

    def _rewards(self, line: PrizeAwarded, catalog: Catalog) -> dict[str, EarnableReward]:
        terms = catalog.version(line.program, line.version)
        if terms is None:
            raise LookupError(f"the catalog has no version {line.version} of {line.program}")
        known = self._earnable.get(line.program)
        if known is None or known[0] is not terms:
            prizes = earnable_rewards(terms, "follower", self._code_key).prizes
            known = self._earnable[line.program] = terms, {reward.rule.id: reward for reward in prizes}
        return known[1]


def _revoke(line: PrizeRevoked) -> Decision[bytes]:
    return _decision(
        RewardRevoked(
            occurred_at=line.occurred_at,
            program=line.program,
            id=reward_id(line.program, line.rule or "", line.participant, line.trigger),
            beneficiary=line.participant,
            reason="prize_lost",
        )
    )


def _decision(line: RewardGranted | RewardRevoked) -> Decision[bytes]:
    return Decision(outputs=[Output(REWARDS, line, reward_key(line))])
