"""Plays a campaign through the public HTTP API, and keeps a journal of what was accepted.

The player controls time: it sets the clock that the services read, hour by hour, and performs what happened up to then.
The order of responses has no influence on later steps: the same script gives the same accepted events, whatever the timing.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32
from zoneinfo import ZoneInfo

from referral.clock import FileClock
from referral.events.timestamps import to_ms
from referral_tools.campaign.client import Client, IngestResult, Reward
from referral_tools.campaign.desk_player import DeskPlayer, DeskResult
from referral_tools.campaign.receiver import WebhookReceiver
from referral_tools.campaign.request_batches import RequestBatch, request_batches
from referral_tools.campaign.scene_player import ScenePlayer, SceneResult
from referral_tools.campaign.script import Enrolment, LinkContent, LiveValues, Purchase, ScriptStep, Visit
from referral_tools.campaign.wechat_player import WechatPlayer, WechatResult
from referral_tools.oracle import Enrolled, Journal, RedemptionAnswer

_THREADS = 4
_USABLE = ("fulfilled", "delivered")
_READY_WITHIN_S = 60.0
_LOOK_S = 0.05
_MOST_ENROLMENTS = 1000
_READS_MAIL = 5  # one of so many promoters agrees to messages and gives an address


@dataclass(slots=True)
class CampaignResult:
    """What came of a campaign: the journal, what was refused, and which friends waited for their code in vain."""

    journal: Journal = field(default_factory=Journal)
    malformed: int = 0
    refused: int = 0
    missing_rewards: list[str] = field(default_factory=list)
    scenes: SceneResult = field(default_factory=SceneResult)
    wechat: WechatResult = field(default_factory=WechatResult)
    desk: DeskResult = field(default_factory=DeskResult)


class Player:
    """Plays steps. `settled` is called before friends buy, around pastes and scenes; it returns when all is digested."""

    def __init__(
        self,
        client: Client,
        clock: FileClock,
        document: dict[str, object],
        settled: Callable[[], None],
        receiver: WebhookReceiver | None = None,
        wechat: WechatPlayer | None = None,
    ) -> None:
        self._client, self._clock, self._program, self._settled = client, clock, str(document["id"]), settled
        self._live_values = LiveValues()
        self._wechat = wechat
        self._links: dict[tuple[str, LinkContent], str] = {}
        self._sending: list[tuple[RequestBatch, Future[IngestResult], datetime]] = []
        self.played = CampaignResult()
        self._scenes = ScenePlayer(client, document, receiver, self.played.journal)
        self.played.scenes = self._scenes.result
        zone = ZoneInfo(str(document["timezone"]))
        self._desk = DeskPlayer(client, self._program, zone, self.played.journal, settled)
        self.played.desk = self._desk.result

    def play(self, steps: Iterable[ScriptStep]) -> CampaignResult:
        """Plays all steps. Raises RequestRefused if the system refuses a request of a well-behaved client."""
        with ThreadPoolExecutor(_THREADS) as threads:
            for turn, step in enumerate(steps):
                self._clock.set(to_ms(step.at))
                self._enrol(step)
                self._visit(step, threads)
                self._collect()
                self._send(step, turn, threads)
                if step.paste:
                    self._collect()
                    self._desk.play(step.paste, self._live_values, step.at)
                if step.purchases:
                    self._collect()
                    self._sell(step.purchases, threads)
                if step.scenes:
                    self._collect()
                    self._settled()
                    self._scenes.play(step.scenes)
                    self._settled()
                if self._wechat is not None:
                    self._wechat.play(turn, self._live_values, self.played.journal, self._clock)
            self._collect()
        self.played.journal.participants = list(self._live_values.enrolled.values())
        if self._wechat is not None:
            self.played.wechat = self._wechat.result()
        return self.played

    def _enrol(self, step: ScriptStep) -> None:
        for start in range(0, len(step.enrolments), _MOST_ENROLMENTS):
            people = step.enrolments[start : start + _MOST_ENROLMENTS]
            for one in self._client.enrol(self._program, [_person(person) for person in people]):
                enrolled = Enrolled(one.id, one.external_id, one.code, one.mention, step.at)
                self._live_values.enrolled[one.external_id] = enrolled

    def _visit(self, step: ScriptStep, threads: ThreadPoolExecutor) -> None:
        live = self._live_values

        def open_link(visit: Visit) -> str:
            return self._client.visit(self._link(visit))

        for visit, token in zip(step.visits, threads.map(open_link, step.visits), strict=True):
            self.played.journal.clicks[token] = live.add_click(visit, token, step.at)

    def _link(self, visit: Visit) -> str:
        """The link that the referrer has for this content; it is created when it is opened for the first time."""
        live, wanted = self._live_values, visit.link
        key = visit.referrer, wanted
        if key not in self._links:
            click = live.tokens[wanted.came_by] if wanted.came_by is not None else None
            fields = {"channel": wanted.channel, "content": wanted.content, "cta": wanted.cta, "click": click}
            known = {name: value for name, value in fields.items() if value is not None}
            self._links[key] = self._client.create_link(live.enrolled[visit.referrer].id, known)
        return self._links[key]

    def _send(self, step: ScriptStep, turn: int, threads: ThreadPoolExecutor) -> None:
        """Sends off what arrives in this step; the answers are looked at while the next one is under way."""
        facts = [self._live_values.fill(deed) for deed in step.deeds]
        for parcel in request_batches(facts, step.malformed, turn):
            self._sending.append((parcel, threads.submit(self._client.send, parcel.batch), step.at))

    def _collect(self) -> None:
        for parcel, answer, at in self._sending:
            rejected = {rejection.index for rejection in answer.result().rejected}
            self.played.malformed += parcel.malformed
            self.played.refused += len(rejected)
            accepted = [fact for index, fact in enumerate(parcel.facts) if index not in rejected]
            self.played.journal.facts.extend(accepted)
            for fact in accepted:
                self.played.journal.received.setdefault(fact.id, at)
        self._sending.clear()

    def _sell(self, purchases: Sequence[Purchase], threads: ThreadPoolExecutor) -> None:
        """Everybody waits for their code, then uses it; some two at once, and some once more for another order."""
        self._settled()
        deadline = time.monotonic() + _READY_WITHIN_S
        rewards = dict(zip(purchases, threads.map(lambda one: self._ready(one, deadline), purchases), strict=True))
        self.played.missing_rewards.extend(one.person for one, reward in rewards.items() if reward is None)
        ready = [(one, reward) for one, reward in rewards.items() if reward is not None]
        self._redeem(
            [_PendingPurchase(one.person, reward, one.order) for one, reward in ready for _ in range(one.at_once)],
            threads,
        )
        self._redeem(
            [_PendingPurchase(one.person, reward, one.another) for one, reward in ready if one.another], threads
        )

    def _ready(self, purchase: Purchase, deadline: float) -> Reward | None:
        """The friend's welcome code, once it can be used; None where it never can."""
        while True:
            wallet = self._client.wallet(self._program, purchase.person)
            usable = (one for one in wallet if one.code and one.status in _USABLE)
            found = next((one for one in usable if one.value is None), None)  # a voucher is no welcome code
            if found or time.monotonic() > deadline:
                return found
            time.sleep(_LOOK_S)

    def _redeem(self, wishes: Sequence["_PendingPurchase"], threads: ThreadPoolExecutor) -> None:
        """Sends all requests at once, alternating code and id; two requests for one order have one Idempotency-Key."""
        for wish, used in zip(wishes, threads.map(self._use, wishes), strict=True):
            answer = RedemptionAnswer(wish.reward.id, wish.reward.rule, wish.person, wish.order, used)
            self.played.journal.redemptions.append(answer)

    def _use(self, wish: "_PendingPurchase") -> bool:
        by_code = int(wish.order.rpartition("_")[2]) % 2 == 0
        return self._client.redeem(wish.reward, wish.order, f"{wish.reward.id}-{wish.order}", by_code=by_code)


@dataclass(frozen=True, slots=True)
class _PendingPurchase:
    """A beneficiary wants to use a reward for an order."""

    person: str
    reward: Reward
    order: str


def _person(enrolment: Enrolment) -> Mapping[str, object]:
    handle = enrolment.person.replace(":", "_")
    given: dict[str, object] = {
        "external_id": enrolment.person,
        "display_name": enrolment.name,
        "mention": f"@{handle}",
    }
    if crc32(handle.encode()) % _READS_MAIL == 0:
        given |= {"contact": f"{handle}@mail.example", "consents": ["messages"]}
    return given
