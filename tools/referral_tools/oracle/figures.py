"""The oracle: from a journal to every figure that the system shows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, partial
from zoneinfo import ZoneInfo

from referral.events.facts import Fact
from referral.events.ids import conversion_id, referral_id, reward_id
from referral.events.program import Program
from referral_tools.oracle.closed_boards import prize_winners
from referral_tools.oracle.daily_figures import Day, by_day, challenge_posts
from referral_tools.oracle.departures import departures
from referral_tools.oracle.expected_attribution import ExpectedReferral, expected_referral
from referral_tools.oracle.expected_boards import BoardPlace, boards
from referral_tools.oracle.expected_codes import ExpectedCodeUses, coded_orders
from referral_tools.oracle.expected_experiments import ExpectedExperiment, expected_experiments
from referral_tools.oracle.expected_insights import ExpectedInsights
from referral_tools.oracle.expected_orders import orders_by_person
from referral_tools.oracle.expected_rewards import OwedReward, RewardsOwed, used_rewards
from referral_tools.oracle.journal import CreditUse, HeldDraw, Journal, PersonIdOf
from referral_tools.oracle.participant_directory import Directory
from referral_tools.oracle.referral_cycles import without_cycles


@dataclass(frozen=True)
class Figures:
    """Everything worth comparing. `standing` holds each person who follows now; counts are of distinct facts.

    `conversions` are the referrals that stand and qualified, by conversion id. `used` are the rewards that were used as a whole,
    by a request or by an order with their code.
    """

    program: Program
    conversions: dict[str, ExpectedReferral]
    standing: dict[str, ExpectedReferral]
    boards: dict[str, list[BoardPlace]]
    owed: dict[str, OwedReward]
    used: dict[OwedReward, set[str]]
    credit_uses: list[CreditUse]
    coded_orders: ExpectedCodeUses
    days: dict[str, Day]
    experiments: dict[str, ExpectedExperiment]
    insights: ExpectedInsights = field(compare=False)  # they follow from the others
    challenge_posts: int

    @cached_property
    def total(self) -> Day:
        """All days together."""
        return sum(self.days.values(), Day())

    @property
    def followers(self) -> int:
        """People who follow now."""
        return self.total.followers

    @property
    def referred(self) -> int:
        """Those of them with a referrer."""
        return self.total.referred

    @property
    def posts(self) -> int:
        """Posts that are still there."""
        return self.total.posts

    @property
    def discovered(self) -> int:
        """Those without a referrer."""
        return self.followers - self.referred

    @property
    def referred_by_channel(self) -> Counter[str]:
        """The referred by the channel of the touch that won."""
        referred = (one for one in self.standing.values() if one.referrer)
        return Counter(one.channel or "unknown" for one in referred)

    @property
    def referral_share(self) -> float:
        """The referred share of all followers; 0 without followers."""
        return self.referred / self.followers if self.followers else 0.0

    @cached_property
    def kept_conversions(self) -> dict[str, OwedReward]:
        """Rewards that people have, by id: those owed, and those used before their reason fell."""
        return {reward.id: reward for reward in (*self.used, *self.used_amounts)} | self.owed

    @cached_property
    def rewards_by_rule(self) -> Counter[str]:
        """How many of them there are by each rule."""
        return Counter(reward.rule for reward in self.kept_conversions.values())

    @cached_property
    def wallets(self) -> dict[str, set[str]]:
        """Their ids by owner."""
        wallets: dict[str, set[str]] = defaultdict(set)
        for reward in self.kept_conversions.values():
            wallets[reward.beneficiary].add(reward.id)
        return dict(wallets)

    @cached_property
    def wallets_without_credit(self) -> dict[str, set[str]]:
        """The ids of their rewards by owner, apart from credit."""
        wallets: dict[str, set[str]] = defaultdict(set)
        for reward in self.kept_conversions.values():
            if reward.rule not in self.credits:
                wallets[reward.beneficiary].add(reward.id)
        return dict(wallets)

    @cached_property
    def credits(self) -> frozenset[str]:
        """The rules whose rewards are credit: it is compared as balances, since it is used in parts."""
        return frozenset(rule.id for rule in self.program.rewards if rule.kind == "credit")

    @cached_property
    def divisible(self) -> frozenset[str]:
        """The rules whose rewards are used in parts: credit, and codes of a fixed amount."""
        codes = (rule.id for rule in self.program.rewards if rule.kind == "discount_code" and rule.amount is not None)
        return self.credits.union(codes)

    @cached_property
    def used_amounts(self) -> dict[OwedReward, int]:
        """How much of codes of a fixed amount stays used, in minor units."""
        used = self.coded_orders.used().items()
        return {
            OwedReward(one.reward, one.rule, one.beneficiary, one.value): amount for one, amount in used if one.value
        }

    @cached_property
    def code_amounts_left(self) -> dict[OwedReward, int]:
        """What is left of the codes of a fixed amount that were used for an order and are owed, in minor units."""
        known = {one.reward for one in self.coded_orders.codes.values() if one.value}
        used = {one.id: amount for one, amount in self.used_amounts.items()}
        owed = [self.owed[id] for id in known if id in self.owed]
        return {one: one.value.amount - used.get(one.id, 0) for one in owed if one.value}

    @cached_property
    def balances(self) -> dict[str, dict[str, int]]:
        """The credit of each person by unit: what they are owed less what they used and did not get back; negative is debt.

        What was used of a code of a fixed amount and is not owed any more is debt, too.
        """
        sums: dict[str, Counter[str]] = defaultdict(Counter)
        for reward in self.owed.values():
            if reward.rule in self.credits and reward.value is not None:
                sums[reward.beneficiary][reward.value.unit] += reward.value.amount
        for use in self.credit_uses:
            sums[use.person][use.unit] -= use.kept
        for reward, amount in self.used_amounts.items():
            if reward.id not in self.owed and reward.value is not None:
                sums[reward.beneficiary][reward.value.unit] -= amount
        return {person: {unit: net for unit, net in by_unit.items() if net} for person, by_unit in sums.items()}

    @property
    def redeemed(self) -> int:
        """How many of them were used."""
        return len(self.used)


class Oracle:
    """Recomputes a program's figures. Of screening it only knows self-referrals and referral cycles."""

    def __init__(self, program: Program, person_id: PersonIdOf) -> None:
        self._program, self._person_id = program, person_id

    def facts(self, journal: Journal) -> Figures:
        """Every figure, from what was accepted."""
        facts = _distinct(fact for fact in journal.facts if fact.program == self._program.id)
        directory, rules = Directory(journal.participants, journal.clicks), self._program.attribution
        judged = self._verdicts(facts, directory, journal.clock)
        standing, zone = self._without_cycles(judged), ZoneInfo(self._program.timezone)
        conversions = self._conversions(standing.values())
        with_codes = coded_orders(facts, journal.codes)
        left = cache(partial(departures, facts, rules, directory))
        owed = RewardsOwed(self._program, self._person_id, orders_by_person(facts))
        found_boards = boards((one for one in standing.values() if one.referrer), zone)
        days = by_day(standing.values(), facts, journal.clicks.values(), zone)
        qualified = frozenset(one.person for one in judged.values() if one.qualified_at)
        return Figures(
            program=self._program,
            conversions=conversions,
            standing=standing,
            boards=found_boards,
            owed=owed.of(conversions, journal.conversions) | self._draw_prizes(journal.draws, found_boards),
            used=used_rewards(journal.redemptions, with_codes),
            credit_uses=journal.credit_uses,
            coded_orders=with_codes,
            days=days,
            insights=ExpectedInsights(
                standing=standing,
                qualified=qualified,
                refused=[who for who, one in standing.items() if one.qualified_at != judged[who].qualified_at],
                days=days,
                facts=facts,
                clicks=list(journal.clicks.values()),
                departures=left,
                zone=zone,
                clock=journal.clock,
            ),
            challenge_posts=challenge_posts(self._program, facts, journal.received),
            experiments=expected_experiments(
                self._program, facts, standing.values(), left, journal.participants, journal.looks, journal.clock
            ),
        )

    def _draw_prizes(
        self, draws: Iterable[HeldDraw], found_boards: Mapping[str, list[BoardPlace]]
    ) -> dict[str, OwedReward]:
        """The prizes of draws, by reward id: a winner who has nothing left on the board is void."""
        owed: dict[str, OwedReward] = {}
        for draw in draws:
            names = {place.participant: place.external_id for place in found_boards.get(draw.period, [])}
            for winner in prize_winners(draw, names):
                id = reward_id(self._program.id, draw.rule, winner, draw.trigger)
                owed[id] = OwedReward(id, draw.rule, names[winner])
        return owed

    def _conversions(self, standing: Iterable[ExpectedReferral]) -> dict[str, ExpectedReferral]:
        return {
            conversion_id(referral_id(self._program.id, self._person_id(one.person), one.referrer.id)): one
            for one in standing
            if one.referrer and one.qualified_at
        }

    def _verdicts(
        self, facts: Iterable[Fact], directory: Directory, clock: datetime | None
    ) -> dict[str, ExpectedReferral]:
        histories: dict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            histories[fact.person].append(fact)
        rules = self._program.attribution
        judged = (expected_referral(who, history, rules, directory, clock) for who, history in histories.items())
        return {one.person: one for one in judged if one}

    def _without_cycles(self, standing: dict[str, ExpectedReferral]) -> dict[str, ExpectedReferral]:
        if self._program.screening.ring == "ignore":
            return standing
        return without_cycles(standing, self._program.id, self._person_id)


def _distinct(facts: Iterable[Fact]) -> list[Fact]:
    """A sender's id names one fact of one person, however often it was sent."""
    return list({(fact.person, fact.id): fact for fact in facts}.values())
