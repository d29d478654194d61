"""The staff page of a shop, through its form and the ledger."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace
from werkzeug.test import TestResponse

from referral.config import Settings
from tests.support.builders.reward_dispatcher import fixed_code, grant
from tests.support.operators import ConsoleBrowser
from tests.support.systems.reward_console import FRIEND, STAFF, RewardConsole, gift, serve_reward_console, text_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
STAFF_PAGE = "/desk/redeem"


@pytest.fixture
def console(settings: Settings, environ: dict[str, str]) -> Iterator[RewardConsole]:
    """The staff page, with a gift in the store, a code of ¥10, a code that has expired and one that waits."""
    with serve_reward_console(settings, environ, "ledger") as console:
        console.service.write_rewards(
            [
                gift("rwd_gift"),
                replace(fixed_code("rwd_ten", 1000), beneficiary=FRIEND.id),
                grant("rwd_old", beneficiary=FRIEND.id, expires_days=1),
                grant("rwd_task", beneficiary=FRIEND.id, manual=True),
            ]
        )
        wait_until(lambda: len(console.service.wallet("xhs:friend1")) == 4)
        wait_until(lambda: _look(console, "rwd_gift").status_code == 200)
        yield console


def _send(browser: ConsoleBrowser, fields: dict[str, str]) -> TestResponse:
    return browser.post(f"{STAFF_PAGE}?lang=en", fields, page=STAFF_PAGE)


def _look(console: RewardConsole, code: str, who: str = "staff") -> TestResponse:
    return _send(console.browsers[who], {"decision": "look", "code": code})


def _hidden(page: TestResponse) -> dict[str, str]:
    """The fields of the form that writes a reward off."""
    found = {name: re.search(f'name="{name}" value="([^"]+)"', page.text) for name in ("reward", "key")}
    return {name: one[1] for name, one in found.items() if one} | {"decision": "use"}


def _follow(browser: ConsoleBrowser, answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return text_of(browser.get(answer.headers["Location"]))


def test_a_gift_is_written_off_once_however_often_the_form_is_sent(console: RewardConsole) -> None:
    """Eight taps at the same time, and one after a lost connection, get the first answer; another form is refused."""
    staff = console.browsers["staff"]
    page = _look(console, " RWD_GIFT ")
    shown = text_of(page)
    assert "A cup of tea" in shown
    assert "xhs:friend1" not in shown, "staff see no id of a person"
    fields, token = _hidden(page), staff.token(STAFF_PAGE)
    other = _hidden(_look(console, "rwd_gift"))

    def tap(_: int) -> TestResponse:
        browser = ConsoleBrowser(console.app)
        browser.set_cookie(staff.client.get_cookie("console").value)  # type: ignore[union-attr] # it has a session
        return browser.post(f"{STAFF_PAGE}?lang=en", fields | {"csrf": token})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(tap, range(8)))
    assert {answer.headers["Location"] for answer in [*answers, tap(8)]} == {answers[0].headers["Location"]}
    assert "Done" in _follow(staff, answers[0])
    refused = _send(staff, other)
    assert refused.status_code == 409
    assert "Already used" in text_of(refused)
    again = _look(console, "rwd_gift", "support")
    assert (again.status_code, "Already used" in text_of(again)) == (409, True)
    [used] = [one for one in console.service.wallet("xhs:friend1") if one["id"] == "rwd_gift"]
    assert str(used["order_id"]).startswith("desk-opr_st-")
    assert ("opr_st", "reward.used", "rwd_gift") in console.audit()
    use = {"decision": "undo", "use": answers[0].headers["Location"].partition("use=")[2].partition("&")[0]}
    assert _send(console.browsers["support"], use).status_code == 403
    assert "Taken back" in _follow(staff, _send(staff, use))
    result = text_of(staff.get(f"{answers[0].headers['Location']}&lang=en"))
    assert "Taken back" in result, "the page of the write-off, loaded again, must not say to hand it over"
    assert "Hand it over now" not in result
    wait_until(lambda: _look(console, "rwd_gift").status_code == 200)


def test_a_code_of_an_amount_is_used_in_parts(console: RewardConsole) -> None:
    """Typed in any case; more than is left, or no number, is refused on the form."""
    [code] = [one["code"] for one in console.service.wallet("xhs:friend1") if one["id"] == "rwd_ten"]
    staff = console.browsers["staff"]
    page = _look(console, f" {str(code).lower()} ")
    assert "Left CN¥10.00" in text_of(page)
    for amount in ("10.01", "0", "-1", "x", "1.001", "NaN", "1_0", "1e0", "1,000", "+1", ".5", "1.", "9" * 20):
        wrong = _send(staff, _hidden(page) | {"amount": amount})
        assert (wrong.status_code, "At most CN¥10.00 is left" in text_of(wrong)) == (422, True), amount
    form = _hidden(page) | {"amount": " ６，５０ "}
    first, again = _send(staff, form), _send(staff, form)
    assert again.headers.get("Location") == first.headers["Location"], (
        "less is left than the form says, but it was sent before"
    )
    done = _follow(staff, again)
    assert "Written off CN¥6.50" in done
    assert "Left CN¥3.50" in done
    rest = _look(console, str(code))
    assert "Written off CN¥3.50" in _follow(staff, _send(staff, _hidden(rest)))
    assert "Already used" in text_of(_look(console, str(code)))


def _write_off(console: RewardConsole, code: str, who: str = "staff", **more: str) -> str:
    """Writes a reward off; returns the id of its redemption."""
    browser = console.browsers[who]
    answer = _send(browser, _hidden(_look(console, code, who)) | more)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("use=")[2].partition("&")[0]


def _undo(console: RewardConsole, use: str, who: str) -> TestResponse:
    return _send(console.browsers[who], {"decision": "undo", "use": use})


def test_what_was_used_elsewhere_is_not_taken_back_in_the_store(console: RewardConsole) -> None:
    """Whatever its order is called, and whoever asks; nor does the page say to hand something over."""
    order = "desk-opr_st-AAAAAAAAAAAAAAAA"
    used = console.service.client.post("/v1/redemptions", json={"reward_id": "rwd_gift", "order_id": order}).json()
    for who in ("staff", "growth"):
        assert _undo(console, used["id"], who).status_code == 404
    shown = text_of(console.browsers["staff"].get(f"{STAFF_PAGE}?use={used['id']}&lang=en"))
    assert "Hand it over now" not in shown
    assert "Look up" in shown
    assert console.audit() == []


def test_a_colleague_takes_a_write_off_back_only_with_the_right_to_revoke(console: RewardConsole) -> None:
    """Support may not; growth may, and operators of other programs find nothing."""
    use = _write_off(console, "rwd_gift")
    assert [_undo(console, use, who).status_code for who in ("support", "elsewhere")] == [403, 404]
    assert "Taken back" in _follow(console.browsers["growth"], _undo(console, use, "growth"))
    assert ("opr_gr", "reward.use_undone", "rwd_gift") in console.audit()
    story = console.text("/console/rewards/rwd_gift")
    assert "Used · in the store, by st" in story, "the history says who wrote it off, in words"
    assert "Given back: ready again" in story


def test_the_page_shows_what_became_of_taking_it_back(console: RewardConsole) -> None:
    """It was given back elsewhere before; it was taken again since; it can't be used again because it was revoked."""
    client, staff = console.service.client, console.browsers["staff"]
    use = _write_off(console, "rwd_ten", amount="4")
    assert client.post(f"/v1/redemptions/{use}/reverse", json={}).status_code == 200
    assert "The reward can be used again" in _follow(staff, _undo(console, use, "staff"))
    assert client.post(f"/v1/redemptions/{use}/reinstate", json={}).status_code == 200
    refused = _undo(console, use, "staff")
    assert (refused.status_code, "Not taken back" in text_of(refused)) == (409, True)
    gift_use = _write_off(console, "rwd_gift")
    revoked = client.post("/v1/rewards/rwd_gift/revoke", json={"by": "lin@glow.example", "note": "was a mistake"})
    assert revoked.status_code == 200, revoked.text
    shown = _follow(staff, _undo(console, gift_use, "staff"))
    assert "Taken back" in shown
    assert "it can't be used again" in shown


def test_every_code_gets_a_clear_answer_and_guessing_is_slowed(console: RewardConsole) -> None:
    """Expired, not ready, mistyped, unknown, of another program; after too many wrong codes none is looked up."""
    assert "Expired" in text_of(_look(console, "rwd_old"))
    assert "Not ready yet" in text_of(_look(console, "rwd_task"))
    assert "Probably mistyped" in text_of(_look(console, "O0O0O0O0O0"))
    assert "Unknown code" in text_of(_look(console, "SPRING"))
    assert "Another program" in text_of(_look(console, "rwd_gift", "elsewhere"))
    assert console.browsers["viewer"].get(STAFF_PAGE).status_code == 403
    assert _send(console.browsers["elsewhere"], {"decision": "use", "reward": "rwd_gift"}).status_code == 404
    assert _send(console.browsers["staff"], {"decision": "use", "reward": "rwd_gift", "key": "x"}).status_code == 400
    wait_until(lambda: _look(console, "SPRING").status_code == 429)
    limited = _look(console, "rwd_gift")
    assert (limited.status_code, "Too many wrong codes" in text_of(limited)) == (429, True)
    assert console.audit() == []
    assert STAFF["staff"].id == "opr_st"
