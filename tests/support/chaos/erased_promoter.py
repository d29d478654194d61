"""A promoter in a running system who has left traces everywhere, their erasure, and the search for what is left of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from redis import Redis

from referral_tools.oracle import Enrolled
from tests.support.chaos.attacked_system import AttackedSystem
from tests.support.chaos.event_feed import EventFeed
from tests.support.stored_data import IdentifyingTexts, StoredValue, all_records, file_bytes, redis_values
from tests.support.waiting import wait_until

EXTERNAL_ID = "xhs:Quartz-4711-erase"
HANDLE = "quartz_at_the_sea"
NAME = "Zoë Quartz-Lindqvist"
MENTION = "@zoe_quartz_l"
CONTACT = "zoe.quartz@example.org"
POST = "https://xhs.example/p/zoe-quartz-first"
NOTE = "Zoe phoned and explained her cousins"
FRIENDS = 8
TEXTS = IdentifyingTexts(EXTERNAL_ID, HANDLE, NAME, MENTION, CONTACT, POST, NOTE)


class ErasedPromoter:
    """The promoter: a participant with friends, rewards, notes, posts and a handle."""

    def __init__(self, world: AttackedSystem, feed: EventFeed) -> None:
        self._world, self._feed = world, feed
        self._program = str(world.rules["id"])

    def take_part(self) -> None:
        """Enrols them; they follow, publish a post, bring friends, and are banned and unbanned with a note."""
        enrolled = self._enrol()
        self.id, self.code = str(enrolled["id"]), str(enrolled["code"])
        now = datetime.now(UTC)
        self._feed.journal.participants.append(Enrolled(self.id, EXTERNAL_ID, self.code, MENTION, now))
        own = [
            self._feed.event(EXTERNAL_ID, "person.followed", now) | {"data": {"handle": HANDLE, "post": POST}},
            self._feed.event(EXTERNAL_ID, "post.published", now) | {"data": {"post": POST}},
        ]
        friends = [
            self._feed.event(f"xhs:cousin{number}", "person.followed", now) | {"code": self.code}
            for number in range(FRIENDS)
        ]
        tagged = [self._feed.event("xhs:cousin0", "friend.tagged", now) | {"data": {"by": EXTERNAL_ID, "post": POST}}]
        self._feed.post([*tagged, *own, *friends])
        bans = self._address("conversion-tracker", "bans")
        note = {"by": "lin", "note": NOTE}
        self._accepted(self._world.http.post(bans, json={"person": EXTERNAL_ID} | note))
        wait_until(lambda: self._world.http.delete(f"{bans}/{EXTERNAL_ID}", params=note).is_success)

    def _enrol(self) -> dict[str, Any]:
        body = {
            "external_id": EXTERNAL_ID,
            "display_name": NAME,
            "mention": MENTION,
            "contact": CONTACT,
            "consents": ["messages"],
            "language": "sv",
        }
        headers = {"Idempotency-Key": f"enrol-{datetime.now(UTC).timestamp()}"}
        found: dict[str, Any] = self._accepted(
            self._world.http.post(self._address("link-issuer", "participants"), json=body, headers=headers)
        )
        return found

    def erase(self) -> dict[str, Any]:
        """Erases them over HTTP; returns the proof."""
        return self._accepted(self._world.http.delete(self._address("link-issuer", f"people/{EXTERNAL_ID}")))

    def enrol_again(self) -> dict[str, Any]:
        """Enrols them again; returns the participant."""
        return self._enrol()

    def figures(self) -> dict[str, object]:
        """Returns every figure in which they take part: board, insights, rewards; without names."""
        entries = self._read("leaderboard", "boards/referrals?period=all&limit=100")["entries"]
        return {
            "board": [(one["rank"], one["participant"], one["score"], one["reached_at"]) for one in entries],
            "insights": self._read("leaderboard", "insights?period=all"),
            "rewards": self._read("reward-dispatcher", "rewards/summary"),
        }

    def in_answers(self) -> list[str]:
        """Returns what answers and pages still have of them; every address names them by their person id or code."""
        return TEXTS.find(self._answers())

    def in_redis(self) -> list[str]:
        """Returns what Redis has of them."""
        with Redis.from_url(self._world.system.stack.redis) as redis:
            return TEXTS.find(redis_values(redis))

    def on_topics(self) -> list[str]:
        """Returns what the topics have of them, from their beginning."""
        return TEXTS.find(all_records(self._world.system.settings))

    def in_directory(self) -> list[str]:
        """Returns what the files of the host's directory have of them."""
        return TEXTS.find(file_bytes(Path(self._world.system.settings.directory)))

    def in_service_logs(self) -> list[str]:
        """Returns what the output of the processes has of them."""
        return TEXTS.find(file_bytes(self._world.system.home / "logs"))

    def code_status(self) -> int:
        """Returns the status of their link."""
        return self._world.http.get(f"{self._world.system.services['link-issuer']}/{self.code}").status_code

    def _answers(self) -> Iterator[StoredValue]:
        api = {
            "conversion-tracker": [
                f"people/{self.id}",
                f"people/{self.id}/explanation",
                "bans",
                "conversions?limit=1000",
            ],
            "leaderboard": ["boards/referrals?period=all&limit=100", f"boards/referrals/people/{self.id}?period=all"],
            "reward-dispatcher": [f"people/{self.id}/rewards"],
            "link-issuer": [f"participants/{self.id}", f"people/{self.id}/export"],
        }
        addresses = [self._address(service, path) for service, paths in api.items() for path in paths]
        friends = [self._address("conversion-tracker", f"people/xhs:cousin{number}") for number in range(2)]
        explained = [f"{address}/explanation" for address in friends]
        links = self._world.system.services["link-issuer"]
        pages = [f"{links}/{self.code}", f"{links}/s/{self.code}", f"{links}/s/{self.code}?lang=zh"]
        pages.append(f"{self._world.system.services['leaderboard']}/p/{self._program}")
        for address in [*addresses, *friends, *explained, *pages]:
            answer = self._world.http.get(address, headers={"Accept": "application/json, text/html"})
            assert answer.status_code < 500, f"{address}: {answer.status_code} {answer.text}"
            yield StoredValue(address, answer.content)

    def _address(self, service: str, path: str) -> str:
        return f"{self._world.system.services[service]}/v1/programs/{self._program}/{path}"

    def _read(self, service: str, path: str) -> dict[str, Any]:
        return self._accepted(self._world.http.get(self._address(service, path)))

    @staticmethod
    def _accepted(answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found
