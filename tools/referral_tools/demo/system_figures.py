"""The system's figures, read over its public HTTP API."""

from collections.abc import Collection, Iterator
from datetime import date, datetime

import msgspec

from referral.verification.board_proof import RankProof
from referral_tools.campaign.client import Client
from referral_tools.oracle import BoardPlace, CodeOutcome

_PAGE = 100


class _Entry(msgspec.Struct):
    rank: int
    participant: str
    external_id: str | None
    score: int
    reached_at: datetime


class _Board(msgspec.Struct):
    entries: list[_Entry]
    total: int
    next_cursor: str | None = None


class _Person(msgspec.Struct):
    id: str


class _CodedOrder(msgspec.Struct):
    code: str
    reason: str | None = None


class Insights(msgspec.Struct, frozen=True):
    """A program's growth and activity in a period, as the glossary defines its figures."""

    followers: int
    referred: int
    discovered: int
    referral_share: float
    by_channel: dict[str, int]
    shown: int
    shares: int
    clicks: int
    posts: int


class RewardCounts(msgspec.Struct):
    """A program's rewards in figures: by rule and status."""

    granted: int
    redeemed: int
    by_rule: dict[str, dict[str, int]]


class _Stopped(msgspec.Struct):
    count: int


class BudgetFigures(msgspec.Struct):
    """A budget in minor units, and how many rewards wait for it."""

    id: str
    total: int
    spent: int
    held: int
    stopped: _Stopped


class _Budgets(msgspec.Struct):
    items: list[BudgetFigures]


class WebhookFigures(msgspec.Struct):
    """The messages of a webhook: those that wait for an attempt, and those that were given up."""

    waiting: int
    failed: int


class UpliftFigures(msgspec.Struct):
    """By how much a variant is above the first one, with its bounds."""

    value: float
    low: float
    high: float


class VariantFigures(msgspec.Struct):
    """A variant of an experiment."""

    id: str
    people: int
    roots: int
    shown: int
    counted: int
    ratio: float | None
    uplift: UpliftFigures | None
    mixed_chains: int


class AlarmFigures(msgspec.Struct):
    """What makes an experiment unreliable."""

    sample_ratio_p: float
    multiple_share: float


class DecidedFigures(msgspec.Struct):
    """The decision of an experiment."""

    variant: str


class ExperimentFigures(msgspec.Struct):
    """An experiment: its variants in order, and the one that was decided for."""

    id: str
    counted_from: datetime | None
    variants: list[VariantFigures]
    alarms: AlarmFigures
    decided: DecidedFigures | None

    @property
    def decided_for(self) -> str | None:
        """The variant that was decided for."""
        return self.decided.variant if self.decided else None


class _Challenge(msgspec.Struct):
    posts: int


class _Experiments(msgspec.Struct):
    items: list[ExperimentFigures]


class NetworkFigures(msgspec.Struct):
    """The people below a person: by degree and in all; and their referrer."""

    brought_by: str | None
    degrees: list[int]
    people_below: int


class ClosedRank(msgspec.Struct):
    """An entry of a closed board."""

    rank: int
    participant: str
    score: int
    reached_at: int


class ClosingFigures(msgspec.Struct):
    """A closed board: its root, and a page of its entries."""

    root: str
    entries: int
    ranks: list[ClosedRank]
    next_cursor: str | None = None


class EstimateFigures(msgspec.Struct):
    """A value of an insight, with its interval and the number of cases."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class PointFigures(EstimateFigures):
    """A value of a day, week or month."""

    starts_on: date
    ends_on: date


class FigureSeries(msgspec.Struct):
    """An insight, or a group of it: of the whole range, of the range before, and of each period."""

    key: str
    total: EstimateFigures
    previous: EstimateFigures
    points: list[PointFigures]


class FigureRange(msgspec.Struct):
    """An insight over a range of days."""

    starts_on: date
    ends_on: date
    previous_starts_on: date
    previous_ends_on: date
    series: list[FigureSeries]


class _FigureSummary(msgspec.Struct):
    figure: str
    by: list[str]


class _FigureList(msgspec.Struct):
    items: list[_FigureSummary]


class SystemFigures:
    """The system's figures of one program."""

    def __init__(self, client: Client, program: str) -> None:
        self._client, self._program = client, program
        self._person_ids: dict[str, str] = {}

    def insights(self, period: str = "all") -> Insights:
        """Growth and activity."""
        return msgspec.convert(self._client.get(self._path("insights"), period=period), Insights)

    def insight_figures(self) -> dict[str, list[str]]:
        """The figures that there are, with the dimensions by which each can be split."""
        found = msgspec.convert(self._client.get(self._path("insights/figures")), _FigureList)
        return {one.figure: one.by for one in found.items}

    def insight(self, figure: str, first: date, last: date, unit: str, by: str = "") -> FigureRange:
        """A figure from the first day to the last, in the program's time zone."""
        query = {"from": first.isoformat(), "to": last.isoformat(), "unit": unit} | ({"by": by} if by else {})
        return msgspec.convert(self._client.get(self._path(f"insights/{figure}"), **query), FigureRange)

    def board(self, period: str) -> list[BoardPlace]:
        """The whole board of a period."""
        return [
            BoardPlace(one.rank, one.participant, one.external_id or "", one.score, int(one.reached_at.timestamp()))
            for page in self._pages(period)
            for one in page.entries
        ]

    def rewards(self) -> RewardCounts:
        """The rewards by rule and status."""
        return msgspec.convert(self._client.get(self._path("rewards/summary")), RewardCounts)

    def wallet(self, person: str, without: Collection[str] = ()) -> set[str]:
        """The ids of the rewards that a person has, or had until they expired; without those of some rules."""
        rewards = self._client.wallet(self._program, person)
        return {one.id for one in rewards if one.status != "revoked" and one.rule not in without}

    def credit(self, person: str) -> dict[str, int]:
        """What a person's credit is by unit, less what they owe."""
        return {one.unit: one.net for one in self._client.balances(self._program, person) if one.net}

    def code_outcome(self, person: str, order: str) -> CodeOutcome:
        """Whether the code was taken with which an order was reported, and why not."""
        found = msgspec.convert(self._client.get(self._path(f"people/{person}/orders/{order}")), _CodedOrder)
        return CodeOutcome(found.code, found.reason)

    def amount_left(self, person: str, reward: str) -> int | None:
        """What is left of a person's reward, in minor units; None of one that has no value, or that they do not have."""
        return next((one.left for one in self._client.wallet(self._program, person) if one.id == reward), None)

    def budgets(self) -> list[BudgetFigures]:
        """The budgets of the program."""
        return msgspec.convert(self._client.get(self._path("budgets")), _Budgets).items

    def experiments(self) -> list[ExperimentFigures]:
        """The experiments of the program."""
        return msgspec.convert(self._client.get(self._path("experiments")), _Experiments).items

    def network(self, person: str) -> NetworkFigures:
        """The people below a person."""
        return msgspec.convert(self._client.get(self._path(f"network/{person}")), NetworkFigures)

    def challenge_posts(self, challenge: str) -> int:
        """How many posts of a challenge count."""
        return msgspec.convert(self._client.get(self._path(f"challenges/{challenge}")), _Challenge).posts

    def closing(self, period: str) -> ClosingFigures:
        """The closed board of referrals of a period, with all entries."""
        query: dict[str, str | int] = {"limit": _PAGE}
        found: ClosingFigures | None = None
        while found is None or found.next_cursor:
            address = self._path(f"boards/referrals/{period}/closing")
            page = msgspec.convert(self._client.get(address, **query), ClosingFigures)
            ranks = [*(found.ranks if found else ()), *page.ranks]
            found = msgspec.structs.replace(page, ranks=ranks)
            query["cursor"] = page.next_cursor or ""
        return found

    def rank_proof(self, period: str, person: str) -> RankProof:
        """The proof of a person's rank on the closed board of referrals of a period."""
        found = self._client.get(self._path(f"boards/referrals/{period}/proof/{person}"))
        return msgspec.convert(found, RankProof)

    def webhook(self, webhook: str) -> WebhookFigures:
        """The deliveries of a webhook."""
        return msgspec.convert(self._client.get(f"/v1/webhooks/{webhook}/stats"), WebhookFigures)

    def person_id(self, external_id: str) -> str:
        """The person id of an external id; each is read once."""
        if external_id not in self._person_ids:
            found = msgspec.convert(self._client.get(self._path(f"people/{external_id}")), _Person)
            self._person_ids[external_id] = found.id
        return self._person_ids[external_id]

    def _pages(self, period: str) -> Iterator[_Board]:
        query: dict[str, str | int] = {"period": period, "limit": _PAGE}
        while True:
            found = self._client.get(self._path("boards/referrals"), **query)
            page = msgspec.convert(found, _Board)
            yield page
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    def _path(self, resource: str) -> str:
        return f"/v1/programs/{self._program}/{resource}"
