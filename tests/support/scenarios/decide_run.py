"""The decide fold over conversions and orders of Amy's friends, with the rewards that are in effect."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.conversions import ConversionCleared, ConversionFact, OrderFact
from referral.events.entities import ProgramVersion
from referral.events.facts import Channel
from referral.events.money import Value
from referral.events.rewards import RewardAdjusted, RewardGranted, RewardRevoked, RewardStopped
from reward_dispatcher.folds.decide_fold import DecideFold
from tests.support.builders.leaderboard import reversed_conversion
from tests.support.builders.participants import AMY, START
from tests.support.builders.reward_dispatcher import (
    friend_conversion,
    friend_order,
    friend_order_refund,
    friend_order_reinstatement,
)
from tests.support.folds import FoldFeed


def friend_channel(friend: int) -> Channel:
    """The channel through which a friend came in `play`."""
    return "weibo" if friend % 2 else "wechat"


def order_change_time(change: str, hour: int) -> datetime:
    """When an order changed in `play`: of one hour first the refund, then the cancellation, then the reinstatement."""
    return START + timedelta(hours=hour, minutes={"refund at": 0, "cancel": 20, "reinstate": 40}[change])


@dataclass
class DecideRun:
    """`rewards` are the grants in effect by id, `values` what they are worth now, `stops` all stopped rewards in order."""

    terms: tuple[ProgramVersion, ...]
    kind: ReferrerKind = "follower"
    rewards: dict[str, RewardGranted] = field(default_factory=dict)
    values: dict[str, Value | None] = field(default_factory=dict)
    stops: list[RewardStopped] = field(default_factory=list)
    lines: list[object] = field(default_factory=list)
    inputs: list[ConversionFact | OrderFact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed = FoldFeed(DecideFold("k"), Catalog([AMY, *self.terms]), only_loaded=False)
        self._cleared: dict[int, ConversionCleared] = {}

    def clear(self, friend: int, at: datetime = START, **evidence: str) -> "DecideRun":
        """Clears a friend's conversion, whose evidence has these fields; returns itself."""
        line = replace(friend_conversion(friend, at), referrer_kind=self.kind)
        line = replace(line, evidence=replace(line.evidence, **evidence))
        self._cleared[friend] = line
        return self._apply(line)

    def reverse(self, friend: int, at: datetime | None = None) -> "DecideRun":
        """Reverses it, if it was ever cleared; returns itself."""
        return self._apply(reversed_conversion(self._cleared[friend], at)) if friend in self._cleared else self

    def order(
        self, friend: int, order: str, amount: str, at: datetime = START, currency: str = "CNY", **evidence: str
    ) -> "DecideRun":
        """A friend, who followed at the start, pays an order; returns itself."""
        line = friend_order(friend, order, amount, at, currency, **evidence)
        return self._apply(replace(line, referrer_kind=self.kind))

    def refund(
        self,
        friend: int,
        order: str,
        refund: str,
        amount: str | None = None,
        at: datetime = START,
        channel: Channel | None = None,
    ) -> "DecideRun":
        """An order is refunded, as a whole without an amount; returns itself."""
        line = friend_order_refund(friend, order, refund, amount, at)
        evidence = replace(line.evidence, channel=channel)
        return self._apply(replace(line, referrer_kind=self.kind, evidence=evidence))

    def reinstate(self, friend: int, order: str, reinstatement: str, at: datetime) -> "DecideRun":
        """An order is valid after all; returns itself."""
        line = friend_order_reinstatement(friend, order, reinstatement, at)
        evidence = replace(line.evidence, channel=friend_channel(friend))
        return self._apply(replace(line, referrer_kind=self.kind, evidence=evidence))

    def rules(self) -> list[str]:
        """The rules of the rewards in effect, sorted."""
        return sorted(line.rule for line in self.rewards.values())

    def amounts(self, rule: str) -> list[int]:
        """What the rewards of a rule are worth now, sorted."""
        worth = [self.values[id] for id, line in self.rewards.items() if line.rule == rule]
        return sorted(value.amount for value in worth if value is not None)

    def play(self, steps: Sequence[tuple[object, ...]]) -> "DecideRun":
        """Plays steps of `reward_steps`. Friends with an even number come by WeChat, others by Weibo; returns itself."""
        cleared: set[int] = set()
        for step in steps:
            match step:
                case ("clear", int(friend), datetime() as at) if friend not in cleared:
                    cleared.add(friend)
                    self.clear(friend, at, channel=friend_channel(friend))
                case ("reverse", int(friend)):
                    cleared.discard(friend)
                    self.reverse(friend)
                case ("order", int(friend), str(order), str(amount), datetime() as at):
                    self.order(friend, order, amount, at, channel=friend_channel(friend))
                case ("refund", int(friend), str(order), str(refund), amount):
                    self.refund(friend, order, refund, amount, channel=friend_channel(friend))  # type: ignore[arg-type]
                case (("refund at" | "cancel" | "reinstate") as change, int(friend), str(order), int(hour)):
                    self._change_order(str(change), friend, order, hour)
        return self

    def _change_order(self, change: str, friend: int, order: str, hour: int) -> None:
        """A cancellation is a refund without an amount. Its event names the hour; a refund is of 1.00."""
        if change == "reinstate":
            self.reinstate(friend, order, f"i{hour}", order_change_time(change, hour))
        else:
            amount = "1" if change == "refund at" else None
            at = order_change_time(change, hour)
            self.refund(friend, order, f"{change[0]}{hour}", amount, at, friend_channel(friend))

    def _apply(self, line: ConversionFact | OrderFact) -> "DecideRun":
        self.inputs.append(line)
        for one in self.feed.feed([line]):
            self.lines.append(one)
            self._record(one)
        return self

    def _record(self, line: object) -> None:
        match line:
            case RewardGranted():
                assert line.id not in self.rewards, "a reward in effect was granted again"
                self.rewards[line.id], self.values[line.id] = line, line.value
            case RewardAdjusted():
                assert self.values[line.id] != line.value, "an adjustment that changes nothing"
                self.values[line.id] = line.value
            case RewardRevoked():
                del self.rewards[line.id], self.values[line.id]
            case RewardStopped():
                assert line.id not in self.rewards, "a stop of a reward in effect"
                self.stops.append(line)
