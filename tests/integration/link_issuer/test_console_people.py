"""People in the console: search, one person's story across the services, and what each role may do about them."""

import html
import re
import time
from collections.abc import Iterator

import pytest

from referral.config import Settings
from tests.support.builders.participants import AMY, BO, PROGRAM
from tests.support.systems.console_review import AMYS as HELD
from tests.support.systems.console_review import ELSEWHERE
from tests.support.systems.console_story import AMYS, CHEN, PEOPLE, STAFF, Consoles, serve_consoles
from tests.support.systems.conversion_tracker import event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
ROLES = ("vi", "su", "gr", "ad")
HERE = f"?program={PROGRAM}"


@pytest.fixture
def consoles(settings: Settings, environ: dict[str, str]) -> Iterator[Consoles]:
    """Amy with a held referral, a friend and rewards; operators of every role."""
    with serve_consoles(settings, environ) as found:
        yield found


def text(page: str) -> str:
    """Returns the text of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_the_story_has_what_every_service_knows(consoles: Consoles) -> None:
    """Who Amy is, her code, whom she brought and why, her rewards with their histories, and her balance; in both languages."""
    page = text(consoles.story())
    for expected in (
        "xhs:amy", AMY.id, "@amy", AMY.code, "xhs:chen ● Counts", "⚑ Referred themselves", "To do", "In its holding period",
        "¥10.00 to spend", "order-7", "Mark as done", "Takes part",
    ):  # fmt: skip
        assert expected in page, (expected, page)
    friend = text(consoles.story(CHEN))
    assert f"Amy (xhs:amy) brought them by code {AMY.code}. It counts and pays." in friend
    assert "小鹿 Chen" in friend
    assert "Promoter no: has no code of their own" in friend
    chinese = text(consoles.story(CHEN, lang="zh-CN"))
    assert "brought them" not in chinese
    assert "Who they are" not in chinese


def test_a_single_match_leads_to_the_story(consoles: Consoles) -> None:
    """By platform id, pseudonym, code, handle, the beginning of a name, and order; no address has what was typed."""
    expected = {
        "xhs:amy": AMY.id,
        " xhs:amy ": AMY.id,
        AMY.id: AMY.id,
        AMY.code.lower(): AMY.id,
        "@Amy": AMY.id,
        "小鹿": CHEN,
        "order-7": AMY.id,
    }
    places = {typed: consoles.send(PEOPLE + HERE, {"q": typed}, "vi") for typed in expected}
    assert places == {typed: (303, f"{PEOPLE}/{person}?program={PROGRAM}") for typed, person in expected.items()}


def test_an_order_whose_code_was_not_taken_leads_to_its_buyer(consoles: Consoles) -> None:
    """Who asks why their code did not work is found by the order, though no reward was used for it."""
    data = {"order": "order-8", "amount": "50.00", "currency": "CNY", "reward_code": "NOSUCHCODE"}
    sent = consoles.review.tracker.post(event("xhs:chen", "order.paid", number=2, data=data))
    assert sent.get_json()["accepted"] == 1
    story = (303, f"{PEOPLE}/{CHEN}?program={PROGRAM}")
    wait_until(lambda: consoles.send(PEOPLE + HERE, {"q": "order-8"}, "vi") == story)


def test_a_search_is_bounded_and_names_why_it_found_someone(consoles: Consoles) -> None:
    """Without a match the page says so; another program's people are not found."""
    rewards = consoles.rewards.extensions["rewards"].store
    code = wait_until(lambda: rewards.account("rwd_done").code)
    assert consoles.send(PEOPLE + HERE, {"q": code}, "vi")[1].startswith(f"{PEOPLE}/{AMY.id}")
    status, page = consoles.send(f"{PEOPLE}{HERE}&lang=en", {"q": "no one at all"}, "vi")
    assert (status, "No one found" in page) == (200, True)
    consoles.browser("el").enter(ELSEWHERE)
    assert consoles.send(PEOPLE + HERE, {"q": "xhs:amy"}, "el")[0] == 404
    assert consoles.browser("el").get(AMYS).status_code == 404


def test_a_part_that_does_not_answer_is_named_and_the_rest_is_shown(consoles: Consoles) -> None:
    """Who the person is does not depend on the other services."""
    parts = consoles.issuer.collaborators.person_parts
    parts._addresses = {"referrals": "http://127.0.0.1:1", "rewards": "http://127.0.0.1:1"}
    page = text(consoles.story())
    assert "Referrals can't be shown right now." in page
    assert "Rewards can't be shown right now." in page
    assert AMY.code in page
    assert "Reward codes and orders can't be searched right now." in consoles.send(
        f"{PEOPLE}{HERE}&lang=en", {"q": "order-7"}
    )[1].replace("&#39;", "'")


def test_each_role_is_offered_and_permitted_what_the_table_says(consoles: Consoles) -> None:
    """A form that a role is not offered is refused, and leaves no line of the audit log."""
    offered = {
        who: {
            word
            for word in ("export", "ban", "link", "release", "fulfil", "revoke")
            if _offers(consoles.story(who=who), word)
        }
        for who in ROLES
    }
    assert offered == {
        "vi": set(),
        "su": {"release", "fulfil"},
        "gr": {"release", "fulfil", "revoke", "ban", "link"},
        "ad": {"release", "fulfil", "revoke", "ban", "link", "export"},
    }
    refused = {
        who: [
            consoles.send(f"{path}/{AMY.id}{HERE}", {"decision": decision}, who)[0]
            for path, decision in (
                ("/console/review/people", "ban"),
                ("/console/rewards/people", "link"),
                (PEOPLE, "export"),
                (PEOPLE, "erase"),
            )
        ]
        for who in ("vi", "su", "gr")
    }
    assert refused == {"vi": [403] * 4, "su": [403] * 4, "gr": [303, 200, 403, 403]}
    assert consoles.audit() == [("opr_gr", "person.banned", AMY.id), ("opr_gr", "wallet_link.created", AMY.id)]


def _offers(page: str, decision: str) -> bool:
    return re.search(rf'name="decision" value="{decision}[" ]', page) is not None


def test_a_ban_is_shown_with_who_and_why_and_is_lifted(consoles: Consoles) -> None:
    """The story shows it at once; what was decided about her referrals is there too."""
    path = f"/console/review/people/{AMY.id}{HERE}&lang=en"
    _, place = consoles.send(path, {"decision": "ban", "note": "sold her code"}, "gr")
    page = text(consoles.page(place, "su"))
    assert "Banned. Referrals and rewards are taken back." in page
    assert "sold her code" in page
    assert "· gr" in page
    _, place = consoles.send(path, {"decision": "unban"}, "gr")
    assert "The ban is lifted." in text(consoles.page(place, "gr"))
    assert consoles.audit() == [("opr_gr", "person.banned", AMY.id), ("opr_gr", "person.unbanned", AMY.id)]
    assert consoles.send(path, {"decision": "love"}, "gr")[0] == 400


def test_what_the_story_decides_leads_back_to_it_with_a_way_back(consoles: Consoles) -> None:
    """A referral is released and the release undone; a reward is revoked and given back."""
    status, place = consoles.send(
        f"/console/review{HERE}&lang=en", {"decision": f"release {HELD}", "back": AMY.id}, "su"
    )
    assert (status, place.partition("?")[0]) == (303, f"{PEOPLE}/{AMY.id}")
    page = consoles.page(place, "su")
    assert "1 referral released." in page
    assert f'name="back" value="{AMY.id}"' in page
    _, place = consoles.send(f"/console/rewards{HERE}&lang=en", {"decision": "revoke rwd_done", "back": AMY.id}, "gr")
    assert "1 reward changed." in consoles.page(place, "gr")
    _, place = consoles.send(
        f"/console/rewards{HERE}&lang=en", {"decision": "restore", "id": "rwd_done", "back": AMY.id}, "gr"
    )
    assert re.search("Revoked · gr · [^·]* Ready · gr ·", text(consoles.page(place, "gr")))
    assert consoles.send(f"/console/rewards{HERE}", {"decision": "revoke rwd_done", "back": "//evil.example"}, "gr")[
        1
    ].startswith("/console/rewards")


def test_a_link_to_the_wallet_is_shown_once_and_ended(consoles: Consoles) -> None:
    """It is in no address, so in no log. Who had asked for it waits no longer."""
    requests = consoles.rewards.extensions["rewards"].link_requests
    assert requests.record(PROGRAM, AMY.id, round(time.time() * 1000))
    assert "Asked for a new link" in text(consoles.story())
    path = f"/console/rewards/people/{AMY.id}{HERE}&lang=en"
    status, page = consoles.send(path, {"decision": "link"}, "gr")
    assert status == 200
    assert re.search(r"/w/[\w.-]{40,}", page)
    assert "Asked for a new link" not in text(consoles.story())
    _, place = consoles.send(path, {"decision": "revoke_links"}, "gr")
    assert "Every earlier link to the wallet has ended." in consoles.page(place, "gr")
    assert consoles.audit()[-1] == ("opr_gr", "wallet_links.revoked", AMY.id)


def test_a_person_is_exported_and_corrected_by_admins(consoles: Consoles) -> None:
    """What is wrong is named, and then nothing changes; the contact is for admins alone."""
    browser = consoles.browser("ad")
    session = browser.enter(STAFF["ad"])
    answer = browser.post(AMYS + HERE, {"decision": "export", "csrf": session.csrf_token})
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{AMY.id}.json"'
    assert answer.get_json()["profile"]["display_name"] == "Amy"
    wrong = {"decision": "correct", "display_name": "", "language": "no language"}
    status, page = consoles.send(f"{AMYS}{HERE}&lang=en", wrong)
    assert status == 422
    assert "Nothing was corrected. Check: Name shown to friends, Language" in text(page)
    right = {
        "decision": "correct",
        "display_name": "Amy 陈",
        "mention": "@amy",
        "handle": "amy at xhs",
        "has_public": "1",
    }
    _, place = consoles.send(f"{AMYS}{HERE}&lang=en", right)
    page = text(consoles.page(place))
    assert "Corrected." in page
    assert "Amy 陈" in page
    assert "amy at xhs" in page
    assert "Shown on public pages no" in page
    assert consoles.send(PEOPLE + HERE, {"q": "amy 陈"}, "vi")[1].startswith(AMYS)
    assert [action for _, action, _ in consoles.audit()] == ["person.exported", "person.corrected"]


def test_an_erased_person_has_no_story_and_is_not_found(consoles: Consoles) -> None:
    """The platform's id confirms it; every service shows nothing of them from then on, and who referred whom stays."""
    assert consoles.send(AMYS + HERE, {"decision": "erase", "confirm": "xhs:bo"})[0] == 422
    status, place = consoles.send(f"{AMYS}{HERE}&lang=en", {"decision": "erase", "confirm": "xhs:AMY"})
    assert (status, place.partition("?")[0]) == (303, PEOPLE)
    assert "The person is erased." in consoles.page(place)
    for path in (AMYS, f"/console/review/people/{AMY.id}", f"/console/rewards/people/{AMY.id}"):
        consoles.browser("ad", path).context.follower.read_to_end(30)
        assert consoles.browser("ad", path).get(path + HERE).status_code == 404
    for typed in ("xhs:amy", "Amy", "@amy", AMY.id, "order-7"):
        assert "No one found" in consoles.send(f"{PEOPLE}{HERE}&lang=en", {"q": typed}, "vi")[1]
    friend = text(consoles.story(CHEN))
    assert "Amy" not in friend
    assert AMY.id in friend
    assert ("opr_ad", "person.erased", AMY.id) in consoles.audit()
    assert consoles.story(BO.id)
