"""Any order of conversions, orders, refunds, reversals and returns ends at the rewards of a simple model."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from referral.events.reward_rules import Caps, Conditions, Reward, Tier
from referral.events.rewards import RewardGranted
from tests.support.builders.participants import day
from tests.support.builders.reward_dispatcher import reward_terms
from tests.support.scenarios.decide_run import DecideRun

FIVE, EIGHT = Decimal(5), Decimal(8)
WELCOME = Reward(id="welcome", to="referee", on="conversion.cleared", kind="guide")
TIERED = Reward(
    id="tiered",
    to="referrer",
    on="conversion.cleared",
    kind="credit",
    currency="CNY",
    tiers=(Tier(start=1, amount=FIVE), Tier(start=3, amount=EIGHT)),
    tier_period="month",
)
THREE = Reward(id="three", to="referrer", on="milestone", referrals=3, kind="shoutout")
WECHAT2 = replace(THREE, id="wechat2", referrals=2, where=Conditions(channels=("wechat",)))
STREAK = Reward(id="streak", to="referrer", on="streak", streak=2, kind="shoutout")
SHARE = Reward(
    id="share", to="referrer", on="order.qualified", kind="credit", percent=7, currency="CNY", max_amount=FIVE
)
FIRST = replace(SHARE, id="first", percent=None, amount=EIGHT, min_order=FIVE, where=Conditions(first_order=True))
CAPS = Caps(per_referrer={"day": 2, "week": 3, "month": 4, "all": 6})
PROGRAM = reward_terms(WELCOME, TIERED, THREE, WECHAT2, STREAK, SHARE, FIRST)
CAPPED = replace(PROGRAM, program=replace(PROGRAM.program, caps=CAPS))
ZONE = ZoneInfo("Asia/Shanghai")

FRIENDS = st.integers(1, 8)
DAYS = st.integers(24, 36)  # around the end of November
ORDERS = st.sampled_from(["o1", "o2", "o3"])
AMOUNTS = st.sampled_from(["0.01", "1.50", "4.99", "7", "33.33", "100"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("clear"), FRIENDS, DAYS, st.sampled_from(["wechat", "weibo"])),
        st.tuples(st.just("reverse"), FRIENDS),
        st.tuples(st.just("order"), FRIENDS, ORDERS, AMOUNTS),
        st.tuples(st.just("refund"), FRIENDS, ORDERS, st.sampled_from(["r1", "r2"]), st.none() | AMOUNTS),
    ),
    max_size=40,
)


@dataclass
class Standing:
    """A cleared conversion: its day, whether its channel is WeChat, its tier, and whether a cap has stopped it."""

    local: date
    wechat: bool
    amount: int
    stopped: bool


@dataclass
class Model:
    """What the program owes, from everything that happened, by the simplest code."""

    capped: bool
    standing: dict[int, Standing] = field(default_factory=dict)
    paid: dict[tuple[int, str], Decimal] = field(default_factory=dict)
    refunds: dict[tuple[int, str], dict[str, Decimal | None]] = field(default_factory=dict)

    def clear(self, friend: int, at: datetime, channel: str) -> None:
        if friend in self.standing:
            return
        local = at.astimezone(ZONE).date()
        counted = [one.local for one in self.standing.values() if not one.stopped]
        full = self.capped and any(
            sum(_name(period, other) == _name(period, local) for other in counted) >= limit
            for period, limit in CAPS.per_referrer.items()
        )
        number = 1 + sum(_name("month", other) == _name("month", local) for other in counted)
        self.standing[friend] = Standing(local, channel == "wechat", 800 if number >= 3 else 500, full)

    @property
    def counted(self) -> list[Standing]:
        return [one for one in self.standing.values() if not one.stopped]

    def rules(self) -> Counter[str]:
        """How many rewards of each rule are owed, without streaks."""
        owed = Counter(welcome=len(self.standing), tiered=len(self.counted))
        owed["three"] = int(len(self.counted) >= 3)
        owed["wechat2"] = int(sum(one.wechat for one in self.counted) >= 2)
        return owed

    def shares(self) -> Iterator[int]:
        """7% of what is left, 5.00 at most for a whole order, in proportion after a refund."""
        for _, _, paid, left in self._orders():
            exact = min(Fraction(paid) * 7 / 100, Fraction(5)) * Fraction(left) / Fraction(paid)
            yield _fen(exact)

    def firsts(self) -> Iterator[int]:
        """8.00 for the first order of each friend that was at least 5.00, in proportion after a refund."""
        seen: set[int] = set()
        for friend, _, paid, left in self._orders():
            if paid >= 5 and friend not in seen:
                seen.add(friend)
                yield _fen(8 * Fraction(left) / Fraction(paid))

    def _orders(self) -> Iterator[tuple[int, str, Decimal, Decimal]]:
        """The orders of friends that count, with what was paid and what is left of it; by id, as all are paid at one time."""
        for (friend, order), paid in sorted(self.paid.items()):
            refunds = list(self.refunds.get((friend, order), {}).values())
            left = Decimal(0) if None in refunds else paid - sum(one for one in refunds if one is not None)
            if left > 0 and friend in self.standing and not self.standing[friend].stopped:
                yield friend, order, paid, left


def _name(period: str, local: date) -> str:
    forms = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "all": "all"}
    return local.strftime(forms[period])


def _fen(yuan: Fraction) -> int:
    exact = yuan * 100
    return int((Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1), ROUND_HALF_EVEN))


def _play(steps: list[tuple[object, ...]], *, capped: bool) -> tuple[DecideRun, Model]:
    decided, model = DecideRun((CAPPED if capped else PROGRAM,)), Model(capped)
    for step in steps:
        match step:
            case ("clear", int(friend), int(number), str(channel)):
                decided.clear(friend, day(number), channel=channel)
                model.clear(friend, day(number), channel)
            case ("reverse", int(friend)):
                decided.reverse(friend)
                model.standing.pop(friend, None)
            case ("order", int(friend), str(order), str(amount)):
                decided.order(friend, order, amount, day(25))
                paid = model.paid.get((friend, order))
                model.paid[friend, order] = min(Decimal(amount), paid or Decimal(amount))
            case ("refund", int(friend), str(order), str(refund), amount):
                decided.refund(friend, order, refund, amount)  # type: ignore[arg-type]
                value = None if amount is None else Decimal(str(amount))
                model.refunds.setdefault((friend, order), {}).setdefault(refund, value)
    return decided, model


@given(STEPS, st.booleans())
def test_the_rewards_are_those_of_the_model(steps: list[tuple[object, ...]], capped: bool) -> None:
    """Numbers of every rule, amounts of tiers and orders, and nothing granted twice (asserted by the run)."""
    decided, model = _play(steps, capped=capped)
    owed, found = model.rules(), Counter(decided.rules())
    assert {rule: found[rule] for rule in owed} == dict(owed)
    assert decided.amounts("tiered") == sorted(one.amount for one in model.counted)
    assert decided.amounts("share") == sorted(amount for amount in model.shares() if amount)
    assert decided.amounts("first") == sorted(amount for amount in model.firsts() if amount)


@given(STEPS)
def test_a_cap_is_never_exceeded(steps: list[tuple[object, ...]]) -> None:
    """After each step, in each day, week and month of the program's zone, and in all."""
    decided = DecideRun((CAPPED,))
    moments: dict[str, datetime] = {}
    for step in steps:
        if step[0] == "clear":
            moments.setdefault(f"cnv_{step[1]}", day(step[2]))  # type: ignore[arg-type]
            decided.clear(step[1], moments[f"cnv_{step[1]}"])  # type: ignore[arg-type]
        elif step[0] == "reverse":
            decided.reverse(step[1])  # type: ignore[arg-type]
        rewarded = [moments[line.trigger].astimezone(ZONE).date() for line in _of_tiers(decided)]
        for period, limit in CAPS.per_referrer.items():
            assert max(Counter(_name(period, local) for local in rewarded).values(), default=0) <= limit


def _of_tiers(decided: DecideRun) -> list[RewardGranted]:
    return [line for line in decided.rewards.values() if line.rule == "tiered"]


@given(STEPS)
def test_the_streaks_are_all_and_only_those_that_the_days_allow(steps: list[tuple[object, ...]]) -> None:
    """The days of each reward have a referral, no day is in two, and no two free days in a row are left."""
    decided, model = _play(steps, capped=False)
    days = {one.local for one in model.standing.values()}
    taken: set[date] = set()
    for line in decided.rewards.values():
        if line.rule == "streak":
            first = date.fromisoformat(line.trigger.rpartition(":")[2])
            block = {first, first + timedelta(days=1)}
            assert block <= days
            assert not block & taken
            taken |= block
    free = days - taken
    assert not any(one + timedelta(days=1) in free for one in free)


@given(STEPS.filter(bool), st.randoms(use_true_random=False))
def test_orders_and_refunds_may_arrive_in_any_order(steps: list[tuple[object, ...]], random: object) -> None:
    """The same conversions with their orders shuffled between them end at the same rewards of orders, with the same values."""
    conversions = [step for step in steps if step[0] in ("clear", "reverse")]
    orders = list(dict.fromkeys(step for step in steps if step[0] == "order"))
    refunds = list({step[:4]: step for step in steps if step[0] == "refund"}.values())
    shuffled = [*orders, *refunds]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    positions = sorted(random.randint(0, len(conversions)) for _ in shuffled)  # type: ignore[attr-defined]
    mixed = list(conversions)
    for position, step in zip(reversed(positions), shuffled, strict=True):
        mixed.insert(position, step)
    first, _ = _play([*conversions, *orders, *refunds], capped=True)
    second, _ = _play(mixed, capped=True)
    assert _orders_of(first) == _orders_of(second)


def _orders_of(decided: DecideRun) -> dict[str, object]:
    return {id: decided.values[id] for id, line in decided.rewards.items() if line.order is not None}


@given(STEPS, st.booleans())
def test_every_stop_that_is_listed_is_of_a_reward_that_is_not_in_effect(
    steps: list[tuple[object, ...]], capped: bool
) -> None:
    """The list names no reward that was granted, and nothing without caps."""
    decided, _ = _play(steps, capped=capped)
    listed = {member for name, member in decided.feed.scores if name.startswith("stops:")}
    assert not listed & set(decided.rewards)
    assert capped or not listed
