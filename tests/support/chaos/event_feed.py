"""A small, dense campaign for the chaos tests: follows with evidence, retries, duplicates, disorder, unfollows; and its journal.

The client behaves as clients must: it repeats a request with the same ids until the response is 2xx. The journal has only what
was acknowledged.
"""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import httpx
import msgspec

from referral.events.facts import Fact
from referral_tools.oracle import Click, Enrolled, Journal

_RETRY_S = 90
_BATCH = 10


class EventFeed:
    """Sends events to the system from any thread; `journal` holds what was accepted."""

    def __init__(self, services: dict[str, str], key: str, program: str, seed: int, people: int = 300) -> None:
        self.journal = Journal()
        self._services = services
        self._program = program
        self._chance = random.Random(seed)
        self._people = people
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=5)
        self.refused = 0  # responses other than 2xx, and broken connections: each was retried
        self.done = Event()
        self.pace_s = 0.1  # between posts, so that the attack meets many batches rather than one
        self.progress = 0.0  # how much of it was accepted, 0 to 1
        self.ceiling = 1.0  # how far it may go at present

    def enrol(self, count: int = 12) -> None:
        """Enrols the referrers; each display name is used twice."""
        self._enrol([{"external_id": f"xhs:r{n}", "display_name": f"Amy {n // 2}"} for n in range(count)])

    def _enrol(self, people: list[dict[str, str]]) -> None:
        path = f"{self._services['link-issuer']}/v1/programs/{self._program}/participants"
        for one in self._until_accepted("POST", path, json=people).json()["participants"]:
            enrolled = Enrolled(one["id"], one["external_id"], one["code"], one["mention"], datetime.now(UTC))
            self.journal.participants.append(enrolled)

    def play(self) -> None:
        """Posts all events in batches, in random order, a tenth of them twice."""
        start = datetime.now(UTC) + timedelta(seconds=1)
        events = [event for number in range(self._people) for event in self._person_events(number, start)]
        events += self._cycles(start)
        self._chance.shuffle(events)
        events += self._chance.sample(events, len(events) // 10)
        for begin in range(0, len(events), _BATCH):
            self.post(events[begin : begin + _BATCH])
            if begin % (12 * _BATCH) == 0:
                self.post(self._new_referrer_events(begin))
            self.progress = begin / len(events)
            self.done.wait(self.pace_s)
            while self.progress > self.ceiling:
                self.done.wait(0.05)
        self.done.set()

    def _new_referrer_events(self, number: int) -> list[dict[str, object]]:
        """Enrols a referrer during the campaign; returns the follow of a friend who uses the new code at once."""
        self._enrol([{"external_id": f"xhs:late{number}", "display_name": "Late"}])
        code = self.journal.participants[-1].code
        return [self.event(f"xhs:friend{number}", "person.followed", datetime.now(UTC)) | {"code": code}]

    def _person_events(self, number: int, start: datetime) -> Iterator[dict[str, object]]:
        """Yields one person's events: a follow, most with evidence; some unfollow, and some of these follow again."""
        person = f"xhs:u{number}" if number % 50 else f"xhs:r{number % 12}"
        at = start + timedelta(milliseconds=self._chance.randrange(60_000))
        follow = self.event(person, "person.followed", at) | self._evidence()
        yield follow
        if self._chance.random() < 0.25:
            yield self.event(person, "person.unfollowed", at + timedelta(seconds=5))
            if self._chance.random() < 0.5:
                yield self.event(person, "person.followed", at + timedelta(seconds=10)) | self._evidence()
        if self._chance.random() < 0.3:
            yield self.event(person, "post.published", at + timedelta(seconds=2)) | {"data": {"post": f"post-{number}"}}

    def _cycles(self, start: datetime) -> Iterator[dict[str, object]]:
        """Yields events of two and of three referrers who refer each other; one of each unfollows, and one follows again."""
        codes = {one.external_id: one.code for one in self.journal.participants}
        for cycle in (("xhs:r1", "xhs:r3"), ("xhs:r5", "xhs:r7", "xhs:r9")):
            for person, other in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
                at = start + timedelta(milliseconds=self._chance.randrange(60_000))
                yield self.event(person, "person.followed", at) | {"code": codes[other]}
                if person in ("xhs:r3", "xhs:r7"):
                    yield self.event(person, "person.unfollowed", at + timedelta(seconds=5))
                if person == "xhs:r3":
                    yield self.event(person, "person.followed", at + timedelta(seconds=10))

    def _evidence(self) -> dict[str, object]:
        owner = self._chance.choice(self.journal.participants)
        kind = self._chance.random()
        if kind < 0.55:
            return {"code": owner.code}
        if kind < 0.8:
            return {"click": self._click(owner.code)}
        return {} if kind < 0.9 else {"code": "NOBODY99"}

    def _click(self, code: str) -> str:
        answer = self._until_accepted("GET", f"{self._services['link-issuer']}/{code}")
        token = str(httpx.URL(answer.headers["Location"]).params["rt"])
        self.journal.clicks[token] = Click(code, datetime.now(UTC))
        return token

    def event(self, person: str, kind: str, at: datetime) -> dict[str, object]:
        """Returns an event of a person, as a platform sends it."""
        return {
            "id": f"evt_{self._chance.getrandbits(60):x}",
            "type": kind,
            "program": self._program,
            "person": person,
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "channel": "wechat",
        }

    def post(self, events: list[dict[str, object]]) -> None:
        """Posts events until all are accepted, and adds them to the journal."""
        answer = self._until_accepted("POST", f"{self._services['conversion-tracker']}/v1/events", json=events).json()
        assert answer["rejected"] == [], answer
        facts = msgspec.json.decode(msgspec.json.encode(events), type=list[Fact])
        self.journal.facts.extend(facts)

    def _until_accepted(self, method: str, url: str, **body: object) -> httpx.Response:
        """Returns the first response that is a success or a redirect; raises TimeoutError after a while."""
        deadline = time.monotonic() + _RETRY_S
        while time.monotonic() < deadline:
            answer = _response_or_none(lambda: self._http.request(method, url, **body))  # type: ignore[arg-type]
            if answer is not None and answer.status_code < 400:
                return answer
            if answer is not None and answer.status_code not in (429, 503):
                raise AssertionError(f"{method} {url}: {answer.status_code} {answer.text}")
            self.refused += 1
            self.done.wait(0.05)  # never set before the end: a pause between attempts
        raise TimeoutError(f"{method} {url} was not accepted within {_RETRY_S} s")


def _response_or_none(send: Callable[[], httpx.Response]) -> httpx.Response | None:
    try:
        return send()
    except httpx.HTTPError:
        return None
