"""People who come through WeChat: they scan posters of promoters at the stand-in, and get replies and posters of their own.

The journal has their follows as the callbacks reported them. Time does not pass while posters are on their way.
"""

import time
from dataclasses import dataclass

from msgspec import convert

from referral.clock import Clock
from referral.events.facts import PersonFollowed
from referral.events.timestamps import to_datetime
from referral_tools.campaign.client import Client, EnrolledParticipant
from referral_tools.campaign.script import LiveValues
from referral_tools.oracle import Enrolled, Journal
from referral_tools.wechat_stand_in.account import Account
from referral_tools.wechat_stand_in.follower import Callbacks

FOLLOWERS_A_TURN, TURNS = 4, 6
_POSTER_WITHIN_S = 60.0
_LOOK_S = 0.1
_OUT_OF_ALLOWANCE = (45015, 45047)


@dataclass(slots=True)
class WechatResult:
    """How many people were told something, by a reply or a message, of how many; how often the allowance was exceeded."""

    people: int = 0
    told: int = 0
    posters: int = 0
    out_of_allowance: int = 0


class WechatPlayer:
    """Plays people of the stand-in. `turns` are the steps of the campaign in which some come."""

    def __init__(self, client: Client, program: str, account: Account, people: Callbacks, turns: range) -> None:
        self._client = client
        self._program = program
        self._account = account
        self._people = people
        self._turns = turns
        self._openids: list[str] = []

    def play(self, turn: int, live: LiveValues, journal: Journal, clock: Clock) -> None:
        """Lets people come in this step, if it is one of theirs."""
        if turn not in self._turns:
            return
        promoters = list(live.enrolled.values())[:FOLLOWERS_A_TURN]
        came = [self._follow(promoter, journal, clock) for promoter in promoters]
        self._await_posters(came)
        for openid in came:
            answer = self._client.get(f"/v1/programs/{self._program}/participants/wechat:{openid}")
            self._add(answer, live, clock)
            self._people.write(openid, "进度")

    def result(self) -> WechatResult:
        """What became of the people."""
        sent, replies = self._account.sent, self._people.replies
        told = [openid for openid in self._openids if sent.get(openid) or replies.get(openid)]
        posters = sum(message["msgtype"] == "image" for openid in self._openids for message in sent.get(openid, ()))
        exceeded = sum(self._account.errors[code] for code in _OUT_OF_ALLOWANCE)
        return WechatResult(len(self._openids), len(told), posters, exceeded)

    def _follow(self, promoter: Enrolled, journal: Journal, clock: Clock) -> str:
        """A person scans the poster of a promoter."""
        openid = f"oDemo{len(self._openids):04}"
        self._openids.append(openid)
        at = to_datetime(clock.now_ms() // 1000 * 1000)
        self._people.subscribe(openid, promoter.code)
        fact = PersonFollowed(
            id=f"evt_{openid}",
            program=self._program,
            person=f"wechat:{openid}",
            occurred_at=at,
            channel="wechat",
            code=promoter.code,
        )
        journal.facts.append(fact)
        journal.received[fact.id] = at
        return openid

    def _await_posters(self, openids: list[str]) -> None:
        deadline = time.monotonic() + _POSTER_WITHIN_S
        while time.monotonic() < deadline and not all(self._account.sent.get(one) for one in openids):
            time.sleep(_LOOK_S)

    def _add(self, answer: object, live: LiveValues, clock: Clock) -> None:
        one = convert(answer, EnrolledParticipant)
        at = to_datetime(clock.now_ms())
        live.enrolled[one.external_id] = Enrolled(one.id, one.external_id, one.code, one.mention, at)
