"""A small program with two referrers, facts about it, and a fold run by hand: state kept as bytes between any two lines."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from conversion_tracker.attribution.fold import AttributeFold, person_key
from conversion_tracker.attribution.person import Person
from referral.catalog.view import Catalog
from referral.events.attributions import (
    ReferralAttributed,
    ReferralQualified,
    ReferralReversed,
    ReferralUnattributed,
    ReferrerBanned,
    ReferrerUnbanned,
)
from referral.events.entities import Participant, ProgramVersion
from referral.events.facts import (
    BanDecision,
    Channel,
    ClickToken,
    CodeScanned,
    Fact,
    FriendTagged,
    Order,
    OrderPaid,
    OrderRefunded,
    PersonBanned,
    PersonFollowed,
    PersonUnbanned,
    PersonUnfollowed,
    Refund,
    Scan,
    Tag,
)
from referral.events.ids import participant_id
from referral.events.line import ClockTicked, type_tag
from referral.events.program import Attribution, Program
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Position, SortedSetMember, Timer
from referral.tokens import TokenSigner

PROGRAM = "prg_glow"
START = datetime(2026, 11, 1, tzinfo=UTC)
FRIEND = "xhs:friend"
TOKENS = TokenSigner("a signing key of more than 32 letters")


def participant(name: str) -> Participant:
    """A participant since the start, with a code (AMY88), a mention (@amy) and the external id xhs:amy."""
    return Participant(
        recorded_at=START,
        id=participant_id(PROGRAM, f"xhs:{name}"),
        program=PROGRAM,
        external_id=f"xhs:{name}",
        display_name=name.title(),
        code=f"{name.upper()}88",
        mention=f"@{name}",
    )


AMY, BO, SELF = participant("amy"), participant("bo"), participant("friend")


def version(number: int = 1, effective_from: datetime = START, **more: object) -> ProgramVersion:
    """A version of the program; `more` are fields of `Attribution`, or `ends_at`."""
    ends_at = more.pop("ends_at", None)
    program = Program(
        id=PROGRAM,
        name={"en": "Glow"},
        timezone="Asia/Shanghai",
        target_url="https://example.com/follow",
        channels=("wechat",),
        attribution=Attribution(**more),  # type: ignore[arg-type] # a test's own words
        ends_at=ends_at,  # type: ignore[arg-type]
    )
    return ProgramVersion(recorded_at=START, program=program, version=number, effective_from=effective_from)


def catalog(*versions: ProgramVersion) -> Catalog:
    """The catalog of the three participants."""
    return Catalog([AMY, BO, SELF, *(versions or [version()])])


def at(days: float) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=days)


def follow(number: int, days: float, **said: object) -> PersonFollowed:
    """The friend follows."""
    return PersonFollowed(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days), **said)  # type: ignore[arg-type]


def unfollow(number: int, days: float) -> PersonUnfollowed:
    """The friend stops following."""
    return PersonUnfollowed(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days))


def scan(number: int, days: float, scene: str) -> CodeScanned:
    """The friend scans somebody's QR code."""
    return CodeScanned(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days), data=Scan(scene=scene))


def tagged(number: int, days: float, by: str) -> FriendTagged:
    """Somebody tags the friend."""
    return FriendTagged(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days), data=Tag(by=by))


def paid(
    number: int, days: float, order: str, amount: int | Decimal = 100, currency: str = "CNY", **said: object
) -> OrderPaid:
    """The friend pays an order."""
    data = Order(order=order, amount=Decimal(amount), currency=currency)
    return OrderPaid(id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days), data=data, **said)  # type: ignore[arg-type]


def refunded(number: int, days: float, order: str) -> OrderRefunded:
    """An order of the friend's is given back."""
    return OrderRefunded(
        id=f"evt_{number}", program=PROGRAM, person=FRIEND, occurred_at=at(days), data=Refund(order=order)
    )


def ban(days: float, person: str = FRIEND) -> PersonBanned:
    """Somebody bans a person, the friend unless another is named."""
    return PersonBanned(id=f"ban_{days}", program=PROGRAM, person=person, occurred_at=at(days), by="lin", note="fraud")


def unban(days: float, person: str = FRIEND) -> PersonUnbanned:
    """Somebody lifts a ban."""
    return PersonUnbanned(id=f"unb_{days}", program=PROGRAM, person=person, occurred_at=at(days), by="lin")


def tick(days: float) -> ClockTicked:
    """Time has come so far."""
    return ClockTicked(id=f"clk_{days}", occurred_at=at(days))


def token(owner: Participant, days: float, channel: Channel | None = None) -> str:
    """The token of a click on somebody's link."""
    moment = to_ms(at(days))
    return TOKENS.sign_click(
        ClickToken(
            id=f"clk_{moment}",
            program=PROGRAM,
            participant=owner.id,
            code=owner.code,
            clicked_at_ms=moment,
            channel=channel,
        )
    )


Said = ReferralAttributed | ReferralQualified | ReferralUnattributed | ReferralReversed


class Run:
    """The attribute fold over lines that come at a moment (by default 30 days after the start)."""

    def __init__(self, known: Catalog | None = None, lateness_days: int = 35) -> None:
        self.fold = AttributeFold(TOKENS, lateness_days)
        self.catalog = known or catalog()
        self.states: dict[str, bytes] = {}
        self.timers: dict[str, float] = {}
        self.boards: dict[SortedSetMember, float | None] = {}
        self.said: list[Said] = []

    def take(self, lines: Iterable[Fact | BanDecision | ClockTicked], came: float = 30) -> "Run":
        """Folds facts and ticks in this order."""
        for line in lines:
            position = Position(0, 0, 0, to_ms(at(came)))
            if isinstance(line, ClockTicked):
                self._tick(line, position)
                continue
            keys = self.fold.keys(line)
            loaded = {key: self._load(str(key)) for key in keys}
            decision = self.fold.decide(line, loaded, self.catalog, position)  # type: ignore[arg-type]
            assert {key for key in decision.changes if isinstance(key, str)} <= set(keys)
            self._apply(decision)
        return self

    def _tick(self, tick: ClockTicked, position: Position) -> None:
        """What the runner does with a tick: every timer that has come is taken away, and its state decided on."""
        come = sorted((moment, key) for key, moment in self.timers.items() if moment <= to_ms(tick.occurred_at))
        for _, key in come:
            del self.timers[key]
            state = self._load(key)
            assert state is not None
            self._apply(self.fold.on_timer(tick, key, state, self.catalog, position))

    def _apply(self, decision: Decision[Person]) -> None:
        for key, state in decision.changes.items():
            if isinstance(key, Timer):
                self.timers[key.key] = state  # type: ignore[assignment] # a timer's state is its moment
            elif isinstance(key, SortedSetMember):
                self.boards[key] = state  # type: ignore[assignment] # a score's state is a float
            else:
                self.states[str(key)] = msgspec.msgpack.encode(state)
        self.said += [output.line for output in decision.outputs]  # type: ignore[misc]

    def _load(self, key: str) -> Person | None:
        return msgspec.msgpack.decode(self.states[key], type=Person) if key in self.states else None

    @property
    def person(self) -> Person:
        """The friend's state."""
        return self._load(person_key(PROGRAM, FRIEND)) or Person()

    def standing(self) -> list[Said]:
        """What has been said and not been undone, in order. Fails where something is undone that did not stand."""
        standing: list[Said] = []
        for line in self.said:
            if isinstance(line, ReferrerBanned | ReferrerUnbanned):
                continue
            if isinstance(line, ReferralReversed):
                undone = [one for one in standing if _stage(one) in line.undoes and _of(one) == _of(line)]
                assert {_stage(one) for one in undone} == set(line.undoes)
                standing = [one for one in standing if one not in undone]
            else:
                standing.append(line)
        return standing


def _stage(line: Said) -> str:
    return type_tag(line).removeprefix("referral.")


def _of(line: Said) -> tuple[str, datetime, str | None]:
    """The follow that a line is about."""
    since = line.since if isinstance(line, ReferralReversed) else getattr(line, "followed_at", line.occurred_at)
    return line.person, since, getattr(line, "referrer", None)
