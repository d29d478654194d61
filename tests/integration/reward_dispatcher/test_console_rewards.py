"""Rewards in the console, through its pages and the ledger."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.events.audit import ActionRecorded
from referral.events.entities import Operator
from referral.events.money import Value
from referral.events.rewards import RewardGranted
from referral.topics import AUDIT
from reward_dispatcher.http_api.app import app as make_app
from tests.support.builders.participants import AMY, PROFILES, PROGRAM, person
from tests.support.builders.reward_dispatcher import grant, reward_terms
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.processes import run_module
from tests.support.systems.reward_dispatcher import RewardDispatcher, serve_reward_dispatcher
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
SUPPORT, GROWTH, VIEWER = operator("su", "support"), operator("gr", "growth"), operator("vi", "viewer")
ELSEWHERE = operator("el", "admin", ("prg_other",))
REWARDS = "/console/rewards"
FRIEND = person("xhs:friend1")


@dataclass(frozen=True)
class Ledger:
    """Browsers of operators, and the audit log."""

    system: RewardDispatcher
    browsers: dict[str, ConsoleBrowser]

    def write(self, *lines: RewardGranted) -> None:
        """Writes lines, as the decide fold does."""
        self.system.write_rewards(lines)

    def listed(self, query: str = "state=manual", who: str = "su") -> list[str]:
        """Returns the rewards that a list shows."""
        page = self.browsers[who].get(f"{REWARDS}?{query}&lang=en")
        assert page.status_code == 200
        table = re.findall(r"<table.*?</table>", page.text, re.DOTALL)
        return re.findall(r'<th scope="row"><a href="/console/rewards/(rwd_\w+)', table[0]) if table else []

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
        lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(self.system.settings, AUDIT)]
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
                replace(grant("rwd_other", manual=True, beneficiary=AMY.id), kind="credit", value=Value(500, "CNY")),
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
        found = Ledger(system, browsers)
        try:
            wait_until(lambda: set(found.listed()) == {"rwd_task", "rwd_other"})
            wait_until(lambda: len(found.listed(f"person={FRIEND.id}")) == 3)
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
        assert ("Undo" in page.split("story")[1].split("State")[0]) is ("approve" not in decision)
    assert ledger.listed(f"person={FRIEND.id}")[0] in ("rwd_held", "rwd_done", "rwd_task")
    for unknown in ("xhs:friend1", "psn_0000000000000000"):  # no address has what identifies someone
        assert ledger.browsers["gr"].get(f"{REWARDS}?person={unknown}").status_code == 404


def test_a_role_does_what_it_may_and_no_more(ledger: Ledger) -> None:
    """Money is decided by growth; another program's operator finds no reward."""
    for who, decision in (("su", "revoke"), ("su", "approve"), ("vi", "fulfil"), ("el", "fulfil")):
        browser = ledger.browsers[who]
        answer = browser.post(REWARDS, {"decision": decision, "id": "rwd_task", "csrf": browser.token(REWARDS)})
        assert answer.status_code == (303 if who == "el" else 403), (who, decision)
        assert set(ledger.listed()) == {"rwd_task", "rwd_other"}, (who, decision)
        assert browser.get(f"{REWARDS}/rwd_task").status_code == (404 if who == "el" else 200), who
        assert ledger.audit() == [], (who, decision)
    assert "Revoke" in ledger.text(f"{REWARDS}/rwd_task")
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


ALL = f"{REWARDS}/all"


def confirm(ledger: Ledger, decision: str, state: str, who: str = "gr") -> tuple[str, dict[str, str]]:
    """Returns the text of the question about all rewards in a state, and the fields of its form."""
    page = ledger.browsers[who].get(f"{ALL}?decision={decision}&state={state}&lang=en")
    assert page.status_code == 200, page.text
    form = page.text.partition("<main")[2]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", form)), fields


def test_all_that_wait_are_done_at_once_after_a_question_with_number_and_sum(ledger: Ledger) -> None:
    """What came after the question is not part of it; the result takes it back; every reward has a line of the audit log."""
    assert "Revoke all 2…" in ledger.text(f"{REWARDS}?state=manual")
    question, fields = confirm(ledger, "revoke", "manual")
    assert "Rewards 2 Together worth CN¥5.00" in question
    assert "You can take it back on the next page." in question
    ledger.write(grant("rwd_late", at=datetime.now(UTC) + timedelta(hours=1), manual=True, beneficiary=AMY.id))
    wait_until(lambda: len(ledger.listed()) == 3)
    done = ledger.browsers["gr"].post(f"{ALL}?lang=en", {**fields, "note": "wrong rule"})
    assert "2 rewards changed." in done.text
    assert ledger.listed() == ["rwd_late"]
    assert {(actor, action) for actor, action, _ in ledger.audit()} == {("opr_gr", "reward.revoked")}
    assert {target for _, _, target in ledger.audit()} == {"rwd_task", "rwd_other"}
    assert "wrong rule" in ledger.text(f"{REWARDS}/rwd_task")
    undo = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', done.text.partition('class="toast"')[2])
    back = ledger.browsers["gr"].post(f"{ALL}?lang=en", {name: [v for n, v in undo if n == name] for name, _ in undo})
    assert "2 rewards changed." in back.text
    assert set(ledger.listed()) == {"rwd_task", "rwd_other", "rwd_late"}


def test_rewards_in_their_holding_period_are_listed_and_approved(ledger: Ledger) -> None:
    """Growth approves them, one or all; that cannot be undone, and the question says so. Support may only look."""
    assert ledger.listed("state=holding_period") == ["rwd_held"]
    assert ledger.listed("state=budget") == []
    question, fields = confirm(ledger, "approve", "holding_period")
    assert "This can't be undone." in question
    assert ledger.browsers["su"].get(f"{ALL}?decision=approve&state=holding_period").status_code == 403
    done = ledger.browsers["gr"].post(f"{ALL}?lang=en", fields)
    assert "1 reward changed." in done.text
    assert ledger.listed("state=holding_period") == []


def test_a_question_about_no_list_is_refused(ledger: Ledger) -> None:
    """The error names the actions and states that there are; an empty list says that nothing waits."""
    for query in ("", "decision=approve", "decision=love&state=manual", "decision=approve&state=redeemed"):
        assert ledger.browsers["gr"].get(f"{ALL}?{query}").status_code == 400, query
    assert "All clear" in ledger.text(f"{ALL}?decision=hold&state=pool_empty")
