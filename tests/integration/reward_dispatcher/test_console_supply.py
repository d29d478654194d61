"""Pools, budgets and deliveries in the console, on a real Kafka and Redis."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from referral.config import Settings
from referral.console.home_part import HomePart, Movement, read_part
from referral.events.money import Value
from referral.program_file.supply import supply_problems
from tests.support.builders.participants import PROGRAM
from tests.support.builders.reward_dispatcher import credit
from tests.support.operators import SAME_ORIGIN
from tests.support.processes import run_module
from tests.support.systems.reward_console import RewardConsole, console_terms, costly, serve_reward_console, text_of
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import run_receiver

pytestmark = pytest.mark.integration
POOLS, BUDGETS, WEBHOOKS = "/console/rewards/pools", "/console/rewards/budgets", "/console/rewards/webhooks"


@pytest.fixture
def console(settings: Settings, environ: dict[str, str]) -> Iterator[RewardConsole]:
    """The console with the folds of ledger, pools and deliveries."""
    with serve_reward_console(settings, environ, "ledger", "pools", "deliveries") as console:
        yield console


def _needs(console: RewardConsole) -> dict[str, tuple[str, int, int]]:
    return {need.kind: (need.name, need.number, need.level) for need in _part(console).needs}


def _part(console: RewardConsole) -> HomePart:
    return read_part(console.browsers["growth"].get(f"/console/rewards/home?program={PROGRAM}").data)


def test_codes_are_uploaded_as_a_form_a_stream_and_a_text_and_declared_void(console: RewardConsole) -> None:
    """Each line that adds no code has a verdict; the levels add up; home says which pool is low."""
    growth = console.browsers["growth"]
    assert _needs(console)["pool_low"] == ("spring", 1, 0)
    file = (io.BytesIO(b"code\nA-1\nA-2\nx,y\nA-2\n"), "codes.txt")
    page = growth.post(f"{POOLS}?lang=en", {"pool": "spring", "file": file}, page=POOLS)
    shown = text_of(page)
    assert "2 codes added to “spring”. 1 was there already. 2 lines were refused." in shown
    assert "not a valid code line 1 looks like a header" in shown
    assert "5 in this pool already" in shown
    assert "spring ▲ Low: upload more 2 0 0 2 0 3" in shown
    token = growth.token(POOLS)
    streamed = growth.client.post(
        f"{POOLS}/spring/codes?lang=en&column=code",
        data="value;code\n1;B-1\n1;B-2\n",
        headers=SAME_ORIGIN | {"X-CSRF-Token": token, "Content-Type": "text/csv"},
    )
    assert "2 codes added to “spring”." in text_of(streamed)
    pasted = growth.post(f"{POOLS}?lang=en", {"pool": "spring", "codes": "C-1\nC-2\n"}, page=POOLS)
    assert "spring ● Enough left 6 0 0 6 0 3" in text_of(pasted)
    assert "pool_low" not in _needs(console)
    gone = growth.post(f"{POOLS}?lang=en", {"decision": "void", "pool": "spring", "codes": "A-1 X-9"}, page=POOLS)
    assert "1 code is void." in text_of(gone)
    assert "2 not in this pool" in text_of(gone)
    assert "spring ● Enough left 5 0 1 6 0 3" in text_of(gone)
    form = {"decision": "void", "pool": "spring", "codes": "A-2", "key": "k" * 16}
    for _ in range(2):  # the page is loaded again
        assert "1 code is void. 0 were void before." in text_of(growth.post(f"{POOLS}?lang=en", form, page=POOLS))
    assert (
        console.audit() == [("opr_gr", "pool.filled", "spring")] * 3 + [("opr_gr", "pool.codes_voided", "spring")] * 3
    )


def test_an_upload_that_cannot_be_read_says_why(console: RewardConsole) -> None:
    """On the page with the form, so that it can be sent again."""
    refused: list[tuple[dict[str, object], int, str]] = [
        ({"pool": "spring", "codes": "\n"}, 422, "There was no code in it."),
        ({"pool": "a b", "codes": "A"}, 422, "That can't be the name of a pool."),
        ({"pool": "generated", "codes": "A"}, 422, "Codes of this pool are generated."),
        ({"pool": "spring", "file": (io.BytesIO(b"\xff\xfe\xfd"), "x.txt")}, 400, "The file could not be read."),
        ({"pool": "spring", "column": "k", "file": (io.BytesIO(b"c\nA"), "x.csv")}, 422, "no such column"),
        ({"decision": "void", "pool": "spring", "codes": ""}, 422, "more than one upload"),
    ]
    for fields, status, text in refused:
        page = console.browsers["growth"].post(f"{POOLS}?lang=en", fields, page=POOLS)
        assert page.status_code == status, text
        assert text in text_of(page).replace("&#39;", "'")
        assert "Upload codes" in page.text, text


def test_who_may_not_change_sees_the_figures_and_no_form(console: RewardConsole) -> None:
    """Support and viewers read; a form that is sent anyway is refused, and so is one without its token."""
    sent = {"pool": "spring", "codes": "A", "budget": "total", "unit": "CNY"}
    for who in ("viewer", "support"):
        browser = console.browsers[who]
        for path in (POOLS, BUDGETS, WEBHOOKS):
            assert 'method="post" action="/console/rewards' not in browser.get(path).text, (who, path)
        form = sent | {"csrf": browser.token("/console/rewards")}
        for path in (POOLS, f"{POOLS}/spring/codes", BUDGETS):
            assert browser.post(path, form).status_code == 403, (who, path)
    assert console.browsers["growth"].post(POOLS, {"pool": "spring", "codes": "A"}).status_code == 403
    assert console.browsers["staff"].get(POOLS).status_code == 403
    assert console.browsers["elsewhere"].get(f"{POOLS}?program={PROGRAM}").status_code == 404
    assert console.audit() == []


def test_home_shows_what_was_given_and_what_is_left_of_budgets(console: RewardConsole) -> None:
    """What is worth money with its sum; an older reward is not of today."""
    now = datetime.now(UTC)
    console.service.write_rewards(
        [
            credit("rwd_1", 800, at=now),
            credit("rwd_2", 200, at=now),
            replace(costly("rwd_3", 40_000), occurred_at=now),
            credit("rwd_old", 500),
        ]
    )
    wait_until(lambda: "rwd_old" in console.browsers["growth"].get("/console/rewards/rwd_old").text)
    wait_until(lambda: _part(console).budgets[0].spent == 40_000)
    wait_until(lambda: _part(console).movements[0].number == 3)
    part = _part(console)
    assert part.movements == (Movement("rewards", 3, 3, worth=(Value(1000, "CNY"),)),)
    [budget] = part.budgets
    assert (budget.name, budget.currency, budget.total) == ("total", "CNY", 50_000)
    assert budget.spent + budget.held + budget.free == budget.total


def test_a_budget_shows_what_it_stopped_and_is_asked_again(console: RewardConsole) -> None:
    """Spent, reserved and available add up; who waits is listed with the cost; the program file is the place to change it."""
    console.service.write_rewards([costly("rwd_a", 40_000), costly("rwd_b", 20_000)])
    shown = wait_until(lambda: _with(console.text(BUDGETS), "1 reward · ¥200.00"))
    assert "Whole program ✕ Stops rewards" in shown
    assert "CN¥400.00" in shown or "¥400.00" in shown
    assert _needs(console)["budget_stopped"] == ("total", 1, 0)
    listed = console.text(f"{BUDGETS}/stopped?budget=total&unit=CNY")
    assert "xhs:friend1 CN¥200.00" in listed or "xhs:friend1 ¥200.00" in listed
    assert console.browsers["growth"].get(f"{BUDGETS}/stopped?budget=x&unit=CNY").status_code == 404
    assert "No stopped rewards" in console.text(f"{BUDGETS}/stopped")
    answer = console.browsers["growth"].post(BUDGETS, {"budget": "total", "unit": "CNY"}, page=BUDGETS)
    assert "The budget looks again" in console.text(answer.headers["Location"])
    assert console.audit() == [("opr_gr", "budget.released", "total")]
    file = console.browsers["viewer"].get(f"{BUDGETS}/program")
    assert file.headers["Content-Disposition"] == 'attachment; filename="prg_glow.v1.json"'
    assert msgspec.json.decode(file.data, type=type(console_terms().program)) == console_terms().program
    assert supply_problems(console_terms().program, ["spring"]) == []


def _with(text: str, part: str) -> str | None:
    return text if part in text.replace("CN¥", "¥") else None


def test_a_webhook_is_tested_disabled_recovered_and_gets_new_secrets(console: RewardConsole) -> None:
    """What failed is sent again, what it missed too; secrets are renewed by an admin only, once in 24 hours."""
    with run_receiver(answer=lambda number: 410 if number == 1 else 204) as receiver:
        made = console.service.client.post("/v1/webhooks", json={"program": PROGRAM, "url": receiver.url}).json()
        receiver.secret, receiver.public_key = made["secret"], made["public_key"]
        path = f"{WEBHOOKS}/{made['id']}"
        wait_until(lambda: receiver.url in console.text(WEBHOOKS))
        assert "○ No message yet" in console.text(path)
        with run_module(console.service.environ, "reward_dispatcher", "worker"):
            _act(console, path, "test", type="reward.redeemed")
            wait_until(lambda: _with(console.text(path), "it answered that it is gone (410)"))
            assert _needs(console)["webhook_disabled"][0] == receiver.url
            assert "The webhook is disabled: enable it first." in _act(console, path, "missing")
            assert "Too many messages wait already." in console.text(f"{path}?done=webhook_full")
            assert "Enabled: messages are sent" in _act(console, path, "enable", who="admin")
            console_page = wait_until(lambda: _with(console.text(f"{path}?status=failed"), "reward.redeemed · test"))
            assert "answered with an error 410" in console_page
            assert "1 message is sent again now." in _act(console, path, "recover", days="30")
            wait_until(lambda: _with(console.text(f"{path}?status=delivered"), "reward.redeemed · test"))
            message = re.findall(r'value="replay (msg_\w+)"', console.browsers["growth"].get(path).text)[0]
            assert "1 message is sent again now." in _act(console, path, f"replay {message}")
            assert "not known any more" in _act(console, path, "replay msg_unknown")
        refused = console.browsers["growth"].post(path, {"decision": "rotate"}, page=path)
        assert refused.status_code == 403
        renewed = console.browsers["admin"].post(f"{path}?lang=en", {"decision": "rotate"}, page=path)
        assert re.search(r"whsec_[\w+/=]+", renewed.text)
        assert made["secret"] not in renewed.text
        assert "less than a day ago" in _act(console, path, "rotate", who="admin")
        assert "Disabled: nothing is sent" in _act(console, path, "disable", who="admin")
    assert console.browsers["growth"].get(f"{WEBHOOKS}/whk_unknown").status_code == 404
    assert console.browsers["elsewhere"].get(path).status_code == 404
    assert console.browsers["growth"].post(path, {"decision": "x"}, page=path).status_code == 400
    _change_contact(console, path)
    actions = [action for _, action, _ in console.audit()]
    assert actions[:3] == ["webhook.tested", "webhook.enabled", "webhook.resent"]
    assert actions[-5:] == [
        "webhook.rotated",
        "webhook.rotated",
        "webhook.disabled",
        "webhook.changed",
        "webhook.changed",
    ]


def _change_contact(console: RewardConsole, path: str) -> None:
    """An admin sets and removes it, and alone sees it; what is no address is refused with the field as it was sent."""
    assert (
        console.browsers["growth"].post(path, {"decision": "contact", "contact": "a@b.example"}, page=path).status_code
        == 403
    )
    assert "The contact is changed." in _act(console, path, "contact", who="admin", contact=" ops@例え.jp ")
    assert "ops@xn--r8jz45g.jp" in console.text(path, "admin")
    assert "ops@" not in console.browsers["growth"].get(path).text
    assert "Contact set" in console.text(path)
    refused = console.browsers["admin"].post(
        f"{path}?lang=en", {"decision": "contact", "contact": "é@例え.jp"}, page=path
    )
    assert refused.status_code == 422
    assert 'value="é@例え.jp"' in refused.text
    assert "not an email address that every mail server takes" in text_of(refused)
    _act(console, path, "contact", who="admin", contact="")
    assert "Contact –" in console.text(path)


def _act(console: RewardConsole, path: str, decision: str, who: str = "growth", **fields: str) -> str:
    answer = console.browsers[who].post(path, {"decision": decision, **fields}, page=path)
    assert answer.status_code == 303, answer.text
    return console.text(answer.headers["Location"], who)


def test_home_names_who_guesses_codes(console: RewardConsole) -> None:
    """Once a caller has sent so many wrong codes that none of theirs is looked up."""
    client = console.service.client
    wait_until(lambda: client.get("/v1/codes/WRONG").status_code == 429)
    assert _needs(console)["codes_guessed"] == ("tests", 1, 0)
