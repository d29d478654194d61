"""Conversion-tracker with held referrals of people who referred themselves, and operators who review them in the console."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec.structs import replace

from referral.config import Settings
from referral.events.attributions import (
    ConversionAppealed,
    Evidence,
    ReferralQualified,
    ReferralReversed,
    attribution_key,
)
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator, Participant
from referral.events.ids import conversion_id, derive_id, referral_id
from referral.events.people import PersonText
from referral.events.screening import Screening
from referral.topics import ATTRIBUTIONS, AUDIT
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import AMY, BO, PROFILES, PROGRAM, day, person_id
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.systems.conversion_tracker import ConversionTracker, serve_conversion_tracker
from tests.support.waiting import wait_until

LIN, VIEWER, ELSEWHERE = operator("lin", "support"), operator("vi", "viewer"), operator("el", "admin", ("prg_other",))
QUEUE = "/console/review"
AMYS, BOS = (conversion_id(referral_id(PROGRAM, one.id, one.id)) for one in (AMY, BO))


def self_referral(person: Participant) -> ReferralQualified:
    """Returns what attribution never lets pass, and screening holds in this program."""
    return ReferralQualified(
        occurred_at=day(2),
        program=PROGRAM,
        id=referral_id(PROGRAM, person.id, person.id),
        person=person.id,
        referrer=person.id,
        version=1,
        evidence=Evidence(kind="code", touched_at=day(1), event="evt_1", code=person.code),
        followed_at=day(1),
    )


@dataclass(frozen=True)
class Review:
    """The service, and a browser of lin."""

    tracker: ConversionTracker
    lin: ConsoleBrowser

    def browser(self, who: Operator) -> ConsoleBrowser:
        """Returns a browser with a session."""
        browser = ConsoleBrowser(self.tracker.app)
        browser.enter(who)
        return browser

    def listed(self, status: str) -> set[str]:
        """Returns the conversions that a tab of the queue shows."""
        address = f"{QUEUE}?status={status}&lang=en"
        page = wait_until(lambda: page if (page := self.lin.get(address)).status_code != 503 else None)
        assert page.status_code == 200
        return set(
            re.findall(
                r'name="id" value="(cnv_\w+)"', re.sub(r'<div class="toast".*?</div>', "", page.text, flags=re.DOTALL)
            )
        )

    def states(self) -> dict[str, set[str]]:
        """Returns what each tab shows."""
        return {status: self.listed(status) for status in ("held", "cleared", "rejected")}

    def appeal(self, referrer: Participant, text: str) -> None:
        """Writes what the wallet writes when a referrer asks for another look at their self-referral."""
        note = PersonText(
            id=referrer.id,
            program=PROGRAM,
            recorded_at=day(3),
            text_id=derive_id("txt", referrer.id),
            kind="appeal",
            text=text,
        )
        line = ConversionAppealed(
            occurred_at=day(3),
            program=PROGRAM,
            id=conversion_id(referral_id(PROGRAM, referrer.id, referrer.id)),
            referral=referral_id(PROGRAM, referrer.id, referrer.id),
            referrer=referrer.id,
            note=note.text_id,
        )
        self.tracker.collaborators.publish_decision(ATTRIBUTIONS, attribution_key(line), line, note)

    def qualify(self, friend: str, at: datetime) -> None:
        """Writes that Amy's referral of a friend qualified."""
        id, line = person_id(friend), self_referral(AMY)
        self._write(replace(line, id=referral_id(PROGRAM, AMY.id, id), person=id, occurred_at=at, followed_at=at))

    def reverse(self, friend: str, at: datetime) -> None:
        """Writes that a friend of Amy no longer follows."""
        self._write(
            ReferralReversed(
                occurred_at=at,
                program=PROGRAM,
                person=person_id(friend),
                undoes=("attributed", "qualified"),
                reason="unfollowed",
                since=at,
                referrer=AMY.id,
                id=referral_id(PROGRAM, AMY.id, person_id(friend)),
            )
        )

    def _write(self, line: ReferralQualified | ReferralReversed) -> None:
        publisher = self.tracker.collaborators.publisher
        publisher.submit(ATTRIBUTIONS, attribution_key(line), msgspec.json.encode(line)).wait(150)

    def audit(self) -> list[tuple[str, str, str]]:
        """Returns actor, action and target of the lines of the audit log."""
        lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(self.tracker.settings, AUDIT)]
        return [(line.actor, line.action, line.target) for line in lines]


@contextmanager
def serve_review(settings: Settings, environ: Mapping[str, str]) -> Iterator[Review]:
    """Yields the service once the referrals of Amy and Bo are held."""
    rules = program_version()
    held = replace(rules, program=replace(rules.program, screening=Screening(self_referral="hold")))
    with ExitStack() as stack:
        records = (held, AMY, BO, *PROFILES[:2], LIN, VIEWER, ELSEWHERE)
        tracker = stack.enter_context(serve_conversion_tracker(settings, *records))
        stack.enter_context(run_module(environ, "conversion_tracker", "fold", "screen"))
        for person in (AMY, BO):
            line = self_referral(person)
            tracker.collaborators.publisher.submit(ATTRIBUTIONS, attribution_key(line), msgspec.json.encode(line)).wait(
                30
            )
        browser = ConsoleBrowser(tracker.app)
        browser.enter(LIN)
        found = Review(tracker, browser)
        wait_until(lambda: found.listed("held") == {AMYS, BOS})
        yield found
