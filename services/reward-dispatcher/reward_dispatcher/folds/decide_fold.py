"""Conversions → rewards: grants and revocations. State: the active grants of each referrer and of each conversion."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from referral.catalog.view import Catalog
from referral.events.conversions import (
    ConversionCleared,
    ConversionHeld,
    ConversionLine,
    ConversionRejected,
    ConversionReversed,
    conversion_key,
)
from referral.events.entities import Participant, ProgramVersion
from referral.events.line import ClockTicked
from referral.events.rewards import reward_key
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Output, Position
from referral.topics import CONVERSIONS, REWARDS, Topic
from reward_dispatcher.domain.entitlement import (
    ConversionGrants,
    Entitlement,
    ReferrerGrants,
    grant_rewards,
    revoke_rewards,
)

State = ReferrerGrants | ConversionGrants
States = Mapping[Key, State | float | None]


class DecideFold:
    """Grants what a cleared conversion earns both sides under the rules in force, and revokes it after a reversal."""

    name = "decide"
    service = "rd"
    source: Topic = CONVERSIONS
    outputs: Sequence[Topic] = (REWARDS,)
    state: object = State
    keeps_order = True

    def keys(self, line: ConversionLine) -> Sequence[Key]:
        """The referrer and the conversion; held and rejected conversions earn nothing."""
        match line:
            case ConversionCleared() | ConversionReversed():
                return _referrer_key(line), _conversion_key(line)
            case ConversionHeld() | ConversionRejected() | ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(self, line: ConversionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns grants or revocations. Raises LookupError if the catalog lacks the referrer or the rules in force."""
        if not isinstance(line, ConversionCleared | ConversionReversed):
            return Decision()
        referrer = states[_referrer_key(line)]
        conversion = states[_conversion_key(line)]
        grants = referrer if isinstance(referrer, ReferrerGrants) else ReferrerGrants()
        if isinstance(line, ConversionCleared):
            return Decision() if conversion else _decision(line, _entitlement(line, grants, catalog))
        if not isinstance(conversion, ConversionGrants):
            return Decision()
        return _decision(line, revoke_rewards(line, conversion, grants))

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """No timers."""
        return Decision()


def _referrer_key(line: ConversionCleared | ConversionReversed) -> str:
    return f"referrer:{conversion_key(line)}"


def _conversion_key(line: ConversionCleared | ConversionReversed) -> str:
    return f"conversion:{line.id}"


def _entitlement(line: ConversionCleared, referrer: ReferrerGrants, catalog: Catalog) -> Entitlement:
    return grant_rewards(line, _terms(line, catalog), _participant(line, catalog).external_id, referrer)


def _terms(line: ConversionCleared, catalog: Catalog) -> ProgramVersion:
    """The version in force when the conversion happened, not when its line arrived."""
    terms = catalog.program_at(line.program, to_ms(line.occurred_at))
    if terms is None:
        raise LookupError(f"no version of program {line.program} was in force at {line.occurred_at.isoformat()}")
    return terms


def _participant(line: ConversionCleared, catalog: Catalog) -> Participant:
    participant = catalog.participant(line.referrer)
    if participant is None:
        raise LookupError(f"the catalog has no participant {line.referrer}")
    return participant


def _decision(line: ConversionCleared | ConversionReversed, entitlement: Entitlement) -> Decision[State]:
    return Decision(
        changes={_referrer_key(line): entitlement.referrer, _conversion_key(line): entitlement.conversion},
        outputs=[Output(REWARDS, output, reward_key(output)) for output in entitlement.lines],
    )
