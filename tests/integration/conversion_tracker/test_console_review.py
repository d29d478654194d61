"""The queue of held referrals in the console, through its pages and the screen fold."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from referral.config import Settings
from referral.console.home_part import Movement, read_part
from tests.support.builders.participants import AMY, BO, PROGRAM
from tests.support.systems.console_review import AMYS, BOS, ELSEWHERE, QUEUE, VIEWER, Review, serve_review
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def review(settings: Settings, environ: dict[str, str]) -> Iterator[Review]:
    """Conversion-tracker with two held referrals, and operators."""
    with serve_review(settings, environ) as system:
        yield system


def test_held_referrals_are_decided_one_by_one_and_together_and_taken_back(review: Review) -> None:
    """Every decision is on the log under the operator's id, on the audit log, and can be undone from the toast."""
    first = review.lin.post(QUEUE, {"decision": f"release {AMYS}", "note": "they are sisters"}, page=QUEUE)
    assert first.status_code == 303
    wait_until(lambda: review.states() == {"held": {BOS}, "cleared": {AMYS}, "rejected": set()})
    shown = review.lin.get(first.headers["Location"] + "&lang=en").text
    assert "1 referral released." in shown
    undo = dict(
        re.findall(
            r'name="(decision|id)" value="([^" ]+)"', re.findall(r'<div class="toast".*?</div>', shown, re.DOTALL)[0]
        )
    )
    assert undo == {"decision": "undo", "id": AMYS}
    assert review.lin.post(QUEUE, undo, page=QUEUE).status_code == 303
    wait_until(lambda: review.states() == {"held": {AMYS, BOS}, "cleared": set(), "rejected": set()})
    both = review.lin.post(QUEUE, {"decision": "reject", "id": [AMYS, BOS, "cnv_unknown"], "note": ""}, page=QUEUE)
    wait_until(lambda: review.states() == {"held": set(), "cleared": set(), "rejected": {AMYS, BOS}})
    told = review.lin.get(both.headers["Location"] + "&lang=en").text
    assert "2 referrals rejected. 1 could not be decided." in told
    assert "All clear" in review.lin.get(f"{QUEUE}?lang=en").text
    decisions = [line for line in review.tracker.decoded("attributions") if line["type"] == "conversion.reviewed"]
    assert [(line["by"], line["decision"], line.get("api_key")) for line in decisions] == [
        ("opr_lin", "cleared", None),
        ("opr_lin", "withdrawn", None),
        *[("opr_lin", "rejected", None)] * 2,
    ]
    assert decisions[0]["note"].startswith("txt_")
    assert review.audit() == [
        ("opr_lin", "conversion.released", AMYS),
        ("opr_lin", "conversion.withdrawn", AMYS),
        ("opr_lin", "conversion.rejected", AMYS),
        ("opr_lin", "conversion.rejected", BOS),
    ]


def test_an_appeal_is_a_queue_of_its_own_and_either_decision_answers_it(review: Review) -> None:
    """With what the referrer wrote, escaped; home counts it; rejecting again, which changes nothing else, answers it too."""
    review.lin.post(QUEUE, {"decision": f"reject {BOS}"}, page=QUEUE)
    wait_until(lambda: review.listed("rejected") == {BOS})
    review.appeal(AMY, "She is my <b>sister</b>.")
    review.appeal(BO, "He is my twin.")
    assert wait_until(lambda: review.listed("appealed") == {AMYS, BOS})
    escaped = "She is my &lt;b&gt;sister&lt;/b&gt;."  # its text is on another topic, and may come later
    wait_until(lambda: escaped in review.lin.get(f"{QUEUE}?status=appealed&lang=en").text)
    assert "sister" not in review.lin.get(f"{QUEUE}?status=held&lang=en").text
    needs = {one["kind"]: (one["number"], one["path"]) for one in review.lin.get(f"{QUEUE}/home").get_json()["needs"]}
    assert needs == {"held": (1, QUEUE), "appealed": (2, f"{QUEUE}?status=appealed")}
    answer = review.lin.post(QUEUE, {"decision": "reject", "id": [BOS], "status": "appealed"}, page=QUEUE)
    assert "status=appealed" in answer.headers["Location"]
    review.lin.post(QUEUE, {"decision": f"release {AMYS}"}, page=QUEUE)
    wait_until(lambda: review.listed("appealed") == set())
    assert review.states() == {"held": set(), "cleared": {AMYS}, "rejected": {BOS}}
    assert "No appeal waits for an answer." in review.lin.get(f"{QUEUE}?status=appealed&lang=en").text


def test_home_counts_the_friends_of_a_day_and_those_who_left(review: Review) -> None:
    """Two came within 24 hours and one the day before; then one of the two leaves."""
    now = datetime.now(UTC)
    for name, hours in (("a", 1), ("b", 2), ("c", 30)):
        review.qualify(name, now - timedelta(hours=hours))
    wait_until(lambda: _movements(review) == {"friends": Movement("friends", 2, 1), "left": Movement("left", 0)})
    review.reverse("a", now)
    wait_until(lambda: _movements(review)["left"].number == 1)
    assert _movements(review)["friends"] == Movement("friends", 1, 0)


def _movements(review: Review) -> dict[str, Movement]:
    part = read_part(review.lin.get(f"{QUEUE}/home?program={PROGRAM}").data)
    return {one.kind: one for one in part.movements}


def test_who_may_not_decide_sees_the_queue_and_changes_nothing(review: Review) -> None:
    """A viewer sees no buttons; an operator of another program neither the program nor its referrals."""
    viewer, other = review.browser(VIEWER), review.browser(ELSEWHERE)
    page = viewer.get(QUEUE)
    assert "xhs:amy" in page.text
    assert "decision" not in page.text
    csrf = viewer.token(QUEUE)  # of the form that signs out
    assert viewer.post(QUEUE, {"decision": "release", "id": AMYS, "csrf": csrf}).status_code == 403
    assert other.get(f"{QUEUE}?program={PROGRAM}").status_code == 404
    assert "xhs:amy" not in other.get(QUEUE).text
    assert other.post(QUEUE, {"decision": "release", "id": AMYS}, page=QUEUE).status_code == 303
    assert review.states()["held"] == {AMYS, BOS}
    assert review.audit() == []


@pytest.mark.parametrize("decision", ["", "approve", "release_all", "held"])
def test_a_form_with_another_decision_is_refused(review: Review, decision: str) -> None:
    """Nothing is decided by a default."""
    assert review.lin.post(QUEUE, {"decision": decision, "id": AMYS}, page=QUEUE).status_code == 400
    assert review.lin.get(f"{QUEUE}?cursor=x").status_code == 400
    assert review.lin.get(f"{QUEUE}?refused=x&done=%3Cscript%3E&ids=a").status_code == 200
    assert review.states()["held"] == {AMYS, BOS}


def test_every_page_is_in_both_languages(review: Review) -> None:
    """By the query, otherwise by the browser; links keep it."""
    chinese = review.lin.get(f"{QUEUE}?lang=zh-CN").text
    assert '<html lang="zh-CN"' in chinese
    assert "自己邀请自己" in chinese
    assert "/console?lang=zh-CN" in chinese
    assert "Referred themselves" in review.lin.get(QUEUE, **{"Accept-Language": "en"}).text
