"""Conversions → rewards: who is owed what, and what is taken back. State is kept by referrer and by conversion."""

from collections.abc import Mapping, Sequence

from referral.catalog.view import Catalog
from referral.events.conversions import ConversionCleared, ConversionLine, ConversionReversed, conversion_key
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
    """What a cleared conversion earns both sides under the rules of its day, and what its fall takes back."""

    name = "decide"
    service = "rd"
    source: Topic = CONVERSIONS
    outputs: Sequence[Topic] = (REWARDS,)
    state: object = State

    def keys(self, line: ConversionLine) -> Sequence[Key]:
        """The referrer and the conversion; what is held or rejected earns nothing."""
        match line:
            case ConversionCleared() | ConversionReversed():
                return _referrer_key(line), _conversion_key(line)
            case _:
                return ()

    def decide(self, line: ConversionLine, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Grants or revocations. Raises LookupError where the catalog lacks the referrer or rules in force."""
        if not isinstance(line, ConversionCleared | ConversionReversed):
            return Decision()
        referrer = states[_referrer_key(line)]
        converted = states[_conversion_key(line)]
        known = referrer if isinstance(referrer, ReferrerGrants) else ReferrerGrants()
        if isinstance(line, ConversionCleared):
            return Decision() if converted else _decision(line, _entitlement(line, known, catalog))
        return (
            _decision(line, revoke_rewards(line, converted, known))
            if isinstance(converted, ConversionGrants)
            else Decision()
        )

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Time by itself earns nobody anything."""
        return Decision()


def _referrer_key(line: ConversionCleared | ConversionReversed) -> str:
    return f"referrer:{conversion_key(line)}"


def _conversion_key(line: ConversionCleared | ConversionReversed) -> str:
    return f"conversion:{line.id}"


def _entitlement(line: ConversionCleared, referrer: ReferrerGrants, catalog: Catalog) -> Entitlement:
    return grant_rewards(line, _terms(line, catalog), _participant(line, catalog).external_id, referrer)


def _terms(line: ConversionCleared, catalog: Catalog) -> ProgramVersion:
    """Rules are picked by when the conversion happened, never by when its line came."""
    terms = catalog.program_at(line.program, to_ms(line.occurred_at))
    if terms is None:
        raise LookupError(f"no version of {line.program} was in force at {line.occurred_at.isoformat()}")
    return terms


def _participant(line: ConversionCleared, catalog: Catalog) -> Participant:
    participant = catalog.participant(line.referrer)
    if participant is None:
        raise LookupError(f"the catalog has no participant {line.referrer}")
    return participant


def _decision(line: ConversionCleared | ConversionReversed, entitlement: Entitlement) -> Decision[State]:
    return Decision(
        changes={_referrer_key(line): entitlement.referrer, _conversion_key(line): entitlement.conversion},
        outputs=[Output(REWARDS, news, reward_key(news)) for news in entitlement.lines],
    )
