"""The studio: drafts, both views, versions with actor and reason, two people at once, taking back, new programs, previews."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from link_issuer.gallery import GALLERY, example_text
from link_issuer.http_api.console.studio_views import STUDIO
from link_issuer.program_drafts import Draft, DraftTooLarge, ProgramDrafts, TooManyDrafts
from link_issuer.programs.yaml_form import read_yaml
from referral.config import Settings
from referral.events.timestamps import to_datetime
from referral.program_file.check import check_program_file
from referral.topics import AUDIT
from tests.support.log_reader import read_lines
from tests.support.operators import ConsoleBrowser, operator
from tests.support.records import write_records
from tests.support.systems.link_issuer import PROGRAM, LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
ANN, MO, VIC, CARA = (
    operator("ann"),
    operator("mo", "growth"),
    operator("vic", "viewer"),
    operator("cara", "growth", (PROGRAM,)),
)
TEXT = """# our program
id: prg_x
name: {en: X}            # what people see
timezone: Asia/Shanghai
target_url: https://example.com/follow
channels: [wechat]
holding_days: 3          # as long as they may leave
"""


@pytest.fixture
def issuer(settings: Settings) -> Iterator[LinkIssuer]:
    """Link-issuer with four operators and a program of one version."""
    with serve_link_issuer(settings) as system:
        write_records(settings, [ANN, MO, VIC, CARA])
        wait_until(lambda: _apply(system).status_code == 201)
        system.context.follower.read_to_end(30)
        yield system


def _apply(system: LinkIssuer) -> TestResponse:
    headers = {"Content-Type": "application/yaml"}
    return system.request("PUT", f"/v1/programs/{PROGRAM}", headers=headers, data=TEXT.encode())


def enter(issuer: LinkIssuer, who: Any = ANN) -> ConsoleBrowser:
    """A browser in which an operator is signed in."""
    browser = ConsoleBrowser(issuer.app)
    browser.enter(who)
    return browser


def text_of(browser: ConsoleBrowser, path: str = STUDIO) -> str:
    """What the YAML view shows."""
    found = re.search(r'<textarea id="yaml"[^>]*>\n(.*?)</textarea>', browser.get(path).text, re.DOTALL)
    assert found is not None
    return (
        found[1]
        .replace("&#39;", "'")
        .replace("&#34;", '"')
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
    )


def send(browser: ConsoleBrowser, yaml: str, path: str = STUDIO, base: int = 1, **fields: str) -> Any:
    """The response to the form of the studio, sent from the YAML view."""
    sent = {"yaml": yaml, "edited": "yaml", "base": str(base), **fields}
    return browser.post(path, sent, page=STUDIO)


def versions(issuer: LinkIssuer) -> list[tuple[int, int, str, str]]:
    """Number, holding days, actor and reason of each version."""
    issuer.context.follower.read_to_end(30)
    found = issuer.context.catalog.versions(PROGRAM)
    return [(one.version, one.program.holding_days, one.by, one.reason) for one in found]


def test_a_file_is_shown_with_its_comments_as_it_was_applied(issuer: LinkIssuer) -> None:
    """The text of the file, and the same values in the form."""
    browser = enter(issuer)
    assert text_of(browser) == TEXT
    assert 'id="f:/holding_days" name="f:/holding_days" value="3"' in browser.get(STUDIO).text


def test_channels_have_their_names_beside_the_values_of_the_file(issuer: LinkIssuer) -> None:
    """In the language of the page; the open web is a website."""
    page = enter(issuer).get(f"{STUDIO}?lang=zh-CN").text
    assert '小红书 <span class="key" lang="en">xiaohongshu</span>' in page
    assert '网站 <span class="key" lang="en">web</span>' in page


def test_a_draft_survives_and_belongs_to_one_operator(issuer: LinkIssuer) -> None:
    """It is there after a reload, for its operator alone, until it is discarded."""
    browser = enter(issuer)
    assert send(browser, TEXT.replace("3  ", "5  ")).status_code == 303
    assert "holding_days: 5" in text_of(browser)
    assert text_of(enter(issuer, MO)) == TEXT
    assert send(browser, "", act="discard").status_code == 303
    assert text_of(browser) == TEXT


def test_the_form_changes_the_file_and_keeps_its_comments(issuer: LinkIssuer) -> None:
    """A value that is typed is in the YAML; all else stays."""
    browser = enter(issuer)
    browser.post(STUDIO, {"yaml": TEXT, "edited": "form", "base": "1", "f:/holding_days": "7"}, page=STUDIO)
    assert text_of(browser) == TEXT.replace("holding_days: 3", "holding_days: 7")


def test_mistakes_stand_beside_their_field_and_their_line(issuer: LinkIssuer) -> None:
    """For scripts and without: by the pointer of the field, and by the line of the text."""
    browser = enter(issuer)
    wrong = TEXT.replace("holding_days: 3", "holding_days: 999")
    answer = send(browser, wrong, f"{STUDIO}/check?lang=en").get_json()
    assert answer["mistakes"] == 1
    assert answer["messages"]["/holding_days"][0]["is_mistake"]
    assert "0 to 365" in answer["messages"]["/holding_days"][0]["text"]
    assert 'data-line="7"' in answer["status"]
    assert 'aria-invalid="true"' in browser.get(f"{STUDIO}?lang=en").text
    assert send(browser, wrong, f"{STUDIO}/apply", reason="try").headers["Location"].endswith("refused=mistakes")
    assert len(versions(issuer)) == 1


def test_a_text_that_is_no_yaml_is_kept_and_explained(issuer: LinkIssuer) -> None:
    """The form waits until it is corrected."""
    browser = enter(issuer)
    answer = send(browser, "id: [", f"{STUDIO}/check?lang=en").get_json()
    assert answer["mistakes"] == 1
    assert "line 1" in answer["form"]
    assert text_of(browser) == "id: ["


def test_an_applied_version_has_actor_and_reason_and_an_audit_line(issuer: LinkIssuer) -> None:
    """On the log, and in the list of versions."""
    browser = enter(issuer)
    send(browser, TEXT.replace("3  ", "5  "), f"{STUDIO}/apply", reason="returns take five days")
    assert versions(issuer)[-1] == (2, 5, ANN.id, "returns take five days")
    lines = b"".join(line for _, line in read_lines(issuer.settings, AUDIT))
    assert b"program.applied" in lines
    assert b"prg_x@2" in lines
    assert "returns take five days" in browser.get(f"{STUDIO}/versions").text
    assert "as long as they may leave" in text_of(browser)


def test_nothing_is_applied_without_a_reason(issuer: LinkIssuer) -> None:
    """The draft is kept."""
    browser = enter(issuer)
    answer = send(browser, TEXT.replace("3  ", "5  "), f"{STUDIO}/apply", reason=" ")
    assert "refused=reason" in answer.headers["Location"]
    assert len(versions(issuer)) == 1
    assert "holding_days: 5" in text_of(browser)


def test_the_second_of_two_people_is_told_and_loses_nothing(issuer: LinkIssuer) -> None:
    """Their draft gets the changes of the first, and can then be applied."""
    first, second = enter(issuer, ANN), enter(issuer, MO)
    theirs = TEXT.replace("[wechat]", "[wechat, web]")
    send(second, theirs)
    send(first, TEXT.replace("3  ", "5  "), f"{STUDIO}/apply", reason="five days")
    refused = send(second, theirs, f"{STUDIO}/apply", reason="and the web")
    assert "refused=version" in refused.headers["Location"]
    assert "was applied while you were editing" in second.get(f"{STUDIO}?lang=en").text
    send(second, theirs, act="merge")
    joined = text_of(second)
    assert "holding_days: 5" in joined
    assert "[wechat, web]" in joined
    send(second, joined, f"{STUDIO}/apply", base=2, reason="and the web")
    assert [one[0] for one in versions(issuer)] == [1, 2, 3]
    assert issuer.context.catalog.versions(PROGRAM)[-1].program.channels == ("wechat", "web")


def test_a_version_is_taken_back_as_a_new_one(issuer: LinkIssuer) -> None:
    """Its rules apply again from now on; the version in between stays in the past."""
    browser = enter(issuer)
    send(browser, TEXT.replace("3  ", "5  "), f"{STUDIO}/apply", reason="five days")
    page = browser.get(f"{STUDIO}/versions/1?lang=en").text
    assert "Apply as version 3" in page
    stale = browser.post(f"{STUDIO}/versions/1", {"base": "1", "reason": "no"}, page=f"{STUDIO}/versions/1")
    assert "refused=version" in stale.headers["Location"]
    browser.post(f"{STUDIO}/versions/1", {"base": "2", "reason": "back"}, page=f"{STUDIO}/versions/1")
    found = issuer.context.catalog.versions(PROGRAM)
    assert [one.program.holding_days for one in found] == [3, 5, 3]
    assert found[2].effective_from > found[1].effective_from
    assert (found[2].by, found[2].reason) == (ANN.id, "back")
    assert text_of(browser) == TEXT


def test_viewers_read_and_change_nothing(issuer: LinkIssuer) -> None:
    """The pages are there; the forms are refused."""
    browser = enter(issuer, VIC)
    page = browser.get(STUDIO)
    assert page.status_code == 200
    assert 'fieldset class="panes" disabled' in page.text
    for path in (STUDIO, f"{STUDIO}/check", f"{STUDIO}/apply", f"{STUDIO}/versions/1", f"{STUDIO}/new"):
        assert browser.post(path, {"csrf": browser.token("/console")}).status_code == 403
    assert len(versions(issuer)) == 1


def test_a_new_program_begins_with_an_example(issuer: LinkIssuer) -> None:
    """A draft with its id and days to come; applied it is version 1."""
    browser = enter(issuer)
    begun = browser.post(f"{STUDIO}/new", {"id": "prg_spring", "example": "giveaway"}, page=f"{STUDIO}/new")
    path = f"{STUDIO}?new=prg_spring"
    assert begun.headers["Location"].startswith(path)
    text = text_of(browser, path)
    assert "id: prg_spring" in text
    assert "# A giveaway" in text
    fields = {"yaml": text, "edited": "yaml", "base": "0", "reason": "begin"}
    browser.post(f"{STUDIO}/apply?new=prg_spring", fields, page=path)
    assert issuer.context.catalog.versions("prg_spring")[0].by == ANN.id


@pytest.mark.parametrize("id", ["spring", "prg_", PROGRAM, "prg_" + "a" * 70])
def test_an_id_that_is_taken_or_invalid_is_refused(issuer: LinkIssuer, id: str) -> None:
    """With the form again."""
    browser = enter(issuer)
    answer = browser.post(f"{STUDIO}/new", {"id": id, "example": "shop"}, page=f"{STUDIO}/new")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_an_operator_of_one_program_begins_no_other(issuer: LinkIssuer) -> None:
    """They would not see it."""
    browser = enter(issuer, CARA)
    assert browser.post(f"{STUDIO}/new", {"id": "prg_y", "example": "shop"}, page=f"{STUDIO}/new").status_code == 404
    assert browser.get(f"{STUDIO}?new=prg_y").status_code == 404


def test_a_file_that_is_too_large_is_refused(issuer: LinkIssuer) -> None:
    """As by PUT; the draft stays as it was."""
    browser = enter(issuer)
    assert send(browser, "x" * (256 * 1024 + 1)).status_code == 413
    assert text_of(browser) == TEXT


def test_previews_are_those_of_the_draft(issuer: LinkIssuer) -> None:
    """In both languages; within the console only, without scripts."""
    browser = enter(issuer)
    send(browser, TEXT.replace("{en: X}", "{en: Spring, zh-CN: 春天}"))
    english = browser.get(f"{STUDIO}/preview/invitation?lang=en")
    assert "Spring" in english.text
    assert "春天" in browser.get(f"{STUDIO}/preview/invitation?lang=zh-CN").text
    policy = english.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert browser.get(f"{STUDIO}/preview/poster.webp?lang=en").mimetype == "image/webp"
    assert browser.get(f"{STUDIO}/preview?lang=en").status_code == 200
    assert "Try again in a minute" in browser.get(f"{STUDIO}/preview/wallet?lang=en").text


def test_a_replay_that_cannot_be_counted_is_named(issuer: LinkIssuer) -> None:
    """Without conversion-tracker the draft is kept, and the page says so."""
    browser = enter(issuer)
    path = f"{STUDIO}/replay"
    assert browser.get(f"{path}?lang=en").status_code == 200
    assert browser.post(path, {}, page=path).status_code == 503


def test_drafts_are_bounded(issuer: LinkIssuer) -> None:
    """By size, and by number for each operator."""
    drafts: ProgramDrafts = issuer.collaborators.drafts
    now = to_datetime(issuer.context.clock.now_ms())
    with pytest.raises(DraftTooLarge):
        drafts.save(ANN.id, PROGRAM, Draft("x" * (256 * 1024 + 1), 1, now))
    for number in range(20):
        drafts.save(ANN.id, f"prg_{number}", Draft("id: x", 0, now))
    with pytest.raises(TooManyDrafts):
        drafts.save(ANN.id, "prg_more", Draft("id: x", 0, now))
    drafts.save(ANN.id, "prg_1", Draft("id: y", 0, now))


@pytest.mark.parametrize("name", GALLERY)
def test_every_example_is_applied_without_advice(issuer: LinkIssuer, name: str) -> None:
    """What a new program begins with needs nothing more."""
    today = to_datetime(issuer.context.clock.now_ms()).date()
    text = example_text(GALLERY[name], "prg_from_example", today)
    checked = check_program_file(read_yaml(text).content)
    assert checked.program is not None, checked.mistakes
    answer = issuer.apply(read_yaml(text).content, "?dry_run=true")  # type: ignore[arg-type]
    assert answer.get_json()["warnings"] == []
    assert set(checked.program.name) == {"zh-CN", "en"}
