"""Rewards in the console, through its pages and the ledger."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest

from referral.config import Settings
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator
from referral.topics import AUDIT
from reward_dispatcher.http_api.app import app as make_app
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
SUPPORT, GROWTH, VIEWER = operator("su", "support"), operator("gr", "growth"), operator("vi", "viewer")
ELSEWHERE = operator("el", "admin", ("prg_other",))
REWARDS = "/console/rewards"
FRIEND = person("xhs:friend1")


@dataclass(frozen=True)
class Ledger:
    """Browsers of operators, and the audit log."""

    settings: Settings
    browsers: dict[str, ConsoleBrowser]

    def listed(self, query: str = "state=manual", who: str = "su") -> list[str]:
        """Returns the rewards that a list shows."""
        page = self.browsers[who].get(f"{REWARDS}?{query}&lang=en")
        assert page.status_code == 200
        table = re.findall(r"<table.*?</table>", page.text, re.DOTALL)
        return re.findall(r'name="id" value="(rwd_\w+)"', table[0]) if table else []

    def text(self, path: str, who: str = "gr") -> str:
        """Returns the text of a page."""
        page = self.browsers[who].get(f"{path}{'&' if '?' in path else '?'}lang=en")
        assert page.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))

    def act(self, decision: str, *ids: str, who: str = "gr", **fields: str) -> str:
        """Sends the form; returns the text of the page that follows."""
        browser = self.browsers[who]
        answer = browser.post(REWARDS, {"decision": decision, "id": list(ids), **fields}, page=REWARDS)
        assert answer.status_code == 303, answer.text
        return self.text(answer.headers["Location"], who)

    def audit(self) -> list[tuple[str, str, str]]:
        """Returns actor, action and target of the lines of the audit log."""
        lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(self.settings, AUDIT)]
        return [(line.actor, line.action, line.target) for line in lines]


@pytest.fixture
def ledger(settings: Settings, environ: dict[str, str]) -> Iterator[Ledger]:
    """Two tasks, a reward in its holding period and a ready one, and operators."""
    staff: tuple[Operator, ...] = (SUPPORT, GROWTH, VIEWER, ELSEWHERE)
    with (
        serve_reward_dispatcher(settings, environ, reward_terms(), AMY, PROFILES[0], FRIEND, *staff) as system,
        run_module(system.environ, "reward_dispatcher", "fold", "ledger"),
    ):
        system.write_rewards(
            [
                grant("rwd_task", manual=True, beneficiary=FRIEND.id),
                grant("rwd_other", manual=True, beneficiary=AMY.id),
                grant("rwd_held", at=datetime.now(UTC), holding_days=7, beneficiary=FRIEND.id),
                grant("rwd_done", beneficiary=FRIEND.id),
            ]
        )
        app = make_app(Settings.from_env(system.environ))
        app.extensions["referral"].follower.read_to_end(30)
        browsers = {}
        for who in staff:
            browsers[who.id.removeprefix("opr_")] = browser = ConsoleBrowser(app)
            browser.enter(who)
        found = Ledger(settings, browsers)
        try:
            wait_until(lambda: set(found.listed()) == {"rwd_task", "rwd_other"})
            wait_until(lambda: len(found.listed("person=xhs:friend1")) == 3)
            yield found
        finally:
            app.extensions["referral"].close()


def test_tasks_are_done_by_support_alone_or_together(ledger: Ledger) -> None:
    """The note and the operator's name are in the history; who comes too late learns it."""
    assert "1 reward changed." in ledger.act("fulfil", "rwd_task", who="su", note="posted the thank-you")
    assert ledger.listed() == ["rwd_other"]
    shown = wait_until(lambda: _with(ledger.text(f"{REWARDS}/rwd_task"), "posted the thank-you"))
    assert "Ready · su" in shown
    late = ledger.act("fulfil", "rwd_task", "rwd_other", "rwd_unknown", who="su")
    assert "1 reward changed. Some could not be changed" in late
    assert "All clear" in ledger.text(REWARDS)
    assert ledger.audit() == [
        ("opr_su", "reward.fulfilled", "rwd_task"),
        ("opr_su", "reward.fulfilled", "rwd_task"),
        ("opr_su", "reward.fulfilled", "rwd_other"),
    ]


def _with(text: str, part: str) -> str | None:
    return text if part in text else None


def test_a_reward_is_held_released_revoked_and_given_back(ledger: Ledger) -> None:
    """Each from the reward's own page; the toast takes back what can be taken back."""
    for decision, state in (
        ("hold rwd_done", "Held"),
        ("release rwd_done", "Ready"),
        ("revoke rwd_done", "Revoked"),
        ("restore rwd_done", "Ready"),
        ("approve rwd_held", "Ready"),
    ):
        page = ledger.act(decision, on="reward")
        assert f"State ⚑ {state}" in page or f"State ● {state}" in page or f"State ↩ {state}" in page, decision
        assert ("Undo" in page.split("All rewards")[1].split("State")[0]) is ("approve" not in decision)
    assert ledger.listed("person=xhs:friend1")[0] in ("rwd_held", "rwd_done", "rwd_task")
    assert "No rewards" in ledger.text(f"{REWARDS}?person=xhs:unknown")


@pytest.mark.parametrize(("who", "decision"), [("su", "revoke"), ("su", "approve"), ("vi", "fulfil"), ("el", "fulfil")])
def test_a_role_does_what_it_may_and_no_more(ledger: Ledger, who: str, decision: str) -> None:
    """Money is decided by growth; another program's operator finds no reward."""
    browser = ledger.browsers[who]
    answer = browser.post(REWARDS, {"decision": decision, "id": "rwd_task", "csrf": browser.token(REWARDS)})
    assert answer.status_code == (303 if who == "el" else 403)
    assert set(ledger.listed()) == {"rwd_task", "rwd_other"}
    assert ledger.audit() == []
    assert browser.get(f"{REWARDS}/rwd_task").status_code == (404 if who == "el" else 200)
    assert ("Revoke" in ledger.text(f"{REWARDS}/rwd_task")) is True
    if who == "vi":
        assert "Mark as done" not in ledger.text(f"{REWARDS}/rwd_task", "vi")


def test_a_list_is_of_one_program_and_no_form_does_by_default(ledger: Ledger) -> None:
    """Unknown programs, rewards and decisions are refused."""
    growth = ledger.browsers["gr"]
    assert growth.get(f"{REWARDS}?program=prg_unknown").status_code == 404
    assert growth.get(f"{REWARDS}?program={PROGRAM}&state=unknown").status_code == 200
    assert growth.get(f"{REWARDS}/rwd_unknown").status_code == 404
    assert growth.get(f"{REWARDS}?cursor=x").status_code == 400
    for decision in ("", "done", "approve_all"):
        assert growth.post(REWARDS, {"decision": decision, "id": "rwd_task"}, page=REWARDS).status_code == 400
    assert ledger.audit() == []
