"""Operators of the console: added by an admin key, first sign-in, sessions, throttling, roles, and the audit log."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from link_issuer import sign_in as sign_in_module
from referral.config import Settings
from referral.console.credentials import open_credentials, seal_credentials
from referral.console.sessions import ABSOLUTE_S, IDLE_S, SessionSigner
from referral.events.audit import ActionRecorded
from referral.topics import AUDIT, CATALOG
from referral_tools.cli import main
from tests.support.app_server import serve_app
from tests.support.log_reader import read_lines
from tests.support.operators import PASSWORD, RING, SAME_ORIGIN, ConsoleBrowser, current_code, operator
from tests.support.records import write_lines, write_records
from tests.support.systems.link_issuer import LinkIssuer, serve_link_issuer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
LIN = operator("lin")
OWN = "a password that lin chose"
CONSOLE, SIGN_IN, ENROL, SIGN_OUT = "/console", "/console/sign-in", "/console/enrolment", "/console/sign-out"


@pytest.fixture
def staffed(issuer: LinkIssuer) -> LinkIssuer:
    """Link-issuer with the operator lin, an admin who has signed in before."""
    write_records(issuer.settings, [LIN])
    issuer.context.follower.read_to_end(30)
    return issuer


def actions(issuer: LinkIssuer) -> list[tuple[str, str]]:
    """Returns actor and action of every line of the audit log."""
    lines = [msgspec.json.decode(line, type=ActionRecorded) for _, line in read_lines(issuer.settings, AUDIT)]
    return [(line.actor, line.action) for line in lines]


def add(issuer: LinkIssuer, name: str = "Lin", role: str = "growth", **more: Any) -> dict[str, Any]:
    """Adds an operator with an admin key; returns the answer."""
    answer = issuer.request("POST", "/v1/operators", {"name": name, "role": role, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def sign_in(browser: ConsoleBrowser, **fields: str) -> TestResponse:
    """Sends the form of the sign-in page; by default as lin with a valid code."""
    return browser.post(SIGN_IN, {"name": "lin", "password": PASSWORD, "code": current_code(), **fields})


def test_the_first_operator_is_made_by_an_admin_key_and_enrols(issuer: LinkIssuer) -> None:
    """The first password leads to a password and an app of their own, and is over then."""
    added, browser = add(issuer), ConsoleBrowser(issuer.app)
    assert added["operator"]["status"] == "invited"
    page = sign_in(browser, password=added["password"], code="")
    assert page.status_code == 200
    assert "data:image/svg+xml;base64," in page.text
    sealed = re.search(r'name="enrolment" value="([^"]+)"', page.text)
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)
    assert sealed is not None
    assert secret is not None
    form = {"enrolment": sealed[1], "password": OWN, "code": current_code(secret[1].replace(" ", ""))}
    assert browser.post(ENROL, form | {"password": "too short"}).status_code == 422
    assert browser.post(ENROL, form | {"password": "aaaaaaaaaaaaa"}).status_code == 422
    assert browser.post(ENROL, form | {"code": "000000"}).status_code == 422
    entered = browser.post(ENROL, form)
    assert (entered.status_code, entered.headers["Location"]) == (303, CONSOLE)
    assert "Hello, Lin" in browser.get(f"{CONSOLE}?lang=en").text
    assert browser.post(ENROL, form).status_code == 403, "an enrolment is valid once"
    again = ConsoleBrowser(issuer.app)
    assert sign_in(again, password=added["password"], code="").status_code == 403, "the first password is over"
    next_code = current_code(secret[1].replace(" ", ""), steps=1)
    assert sign_in(again, password=OWN, code=next_code).status_code == 303
    id = added["operator"]["id"]
    assert [(actor.partition("_")[0], action) for actor, action in actions(issuer)] == [
        ("key", "operator.added"),
        ("opr", "operator.enrolled"),
        ("opr", "session.started"),
        ("opr", "session.refused"),
        ("opr", "session.started"),
    ]
    assert issuer.request("GET", f"/v1/operators/{id}").get_json()["status"] == "active"


def test_a_first_password_ends_after_a_week(issuer: LinkIssuer) -> None:
    """And neither answer nor page reveals that this was the reason."""
    added = add(issuer)
    expired = issuer.context.catalog.operator(added["operator"]["id"])
    assert expired is not None
    credentials = open_credentials(RING, expired)
    assert credentials is not None
    ended = msgspec.structs.replace(credentials, password_until_ms=1)
    write_records(issuer.settings, [msgspec.structs.replace(expired, sealed=seal_credentials(RING, expired.id, ended))])
    assert sign_in(ConsoleBrowser(issuer.app), password=added["password"], code="").status_code == 403


def test_whatever_is_wrong_the_answer_is_the_same(staffed: LinkIssuer) -> None:
    """Name, password, code, a code that was used, or a disabled operator: no page tells which."""
    write_records(staffed.settings, [operator("gone", disabled=True)])
    browser = ConsoleBrowser(staffed.app)
    assert sign_in(browser).status_code == 303
    wrong = [
        {"name": "nobody", "password": PASSWORD},
        {"password": "another password"},
        {"code": "123456"},
        {"code": ""},
        {"code": current_code()},  # used a moment ago
        {"name": "gone"},
        {"password": "x" * 129},
    ]
    answers = [sign_in(ConsoleBrowser(staffed.app), **fields) for fields in wrong]
    assert {answer.status_code for answer in answers} == {403}
    pages = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert len(pages) == 1
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    refused = [actor for actor, action in actions(staffed) if action == "session.refused"]
    assert refused == ["opr_lin"] * 4 + ["opr_gone", "opr_lin"], "an unknown name is no actor"


def test_a_sign_in_takes_the_same_work_for_a_name_that_does_not_exist(
    staffed: LinkIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One password is hashed in either case, so the time reveals no name."""
    hashed: list[str] = []
    compare = sign_in_module.password_matches

    def counted(known: str, password: str) -> bool:
        hashed.append(known)
        return compare(known, password)

    monkeypatch.setattr(sign_in_module, "password_matches", counted)
    for name in ("lin", "unknown"):
        assert sign_in(ConsoleBrowser(staffed.app), name=name, password="wrong").status_code == 403
    assert len(hashed) == 2
    assert {known.rpartition("$")[0].rpartition("$")[0] for known in hashed} == {"$argon2id$v=19$m=19456,t=2,p=1"}


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(staffed: LinkIssuer) -> None:
    """With TLS they are bound to the host as well."""
    plain = sign_in(ConsoleBrowser(staffed.app)).headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in plain} == {"console", "console-browser"}
    assert all("HttpOnly" in one and "SameSite=Lax" in one and "Path=/" in one and "Secure" not in one for one in plain)
    form = {"name": "lin", "password": PASSWORD, "code": current_code(steps=1)}
    secure = staffed.app.test_client().post(SIGN_IN, data=form, headers=SAME_ORIGIN, base_url="https://go.example")
    cookies = secure.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-console", "__Host-console-browser"}
    assert all("Secure" in one and "Domain" not in one for one in cookies)


@pytest.mark.parametrize(("started", "used"), [(ABSOLUTE_S + 1, 0), (IDLE_S + 5, IDLE_S + 5)])
def test_an_old_or_idle_session_leads_to_the_sign_in_page_and_back(
    staffed: LinkIssuer, started: int, used: int
) -> None:
    """With where to go on, which is never another site."""
    browser, now = ConsoleBrowser(staffed.app), int(time.time())
    browser.enter(LIN, now - started, now - used)
    away = browser.get("/console?lang=en")
    assert (away.status_code, away.headers["Location"]) == (303, f"{SIGN_IN}?next=%2Fconsole%3Flang%3Den")
    assert sign_in(browser, next="/console?lang=en").headers["Location"] == "/console?lang=en"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/console/../v1", "/consolex", "/console\n", "/console/\\evil"]
)
def test_a_sign_in_never_leads_to_another_site(staffed: LinkIssuer, wanted: str) -> None:
    """A link in a message could name any page."""
    location = sign_in(ConsoleBrowser(staffed.app), next=wanted).headers["Location"]
    assert location.startswith("/console")
    assert "evil.example" not in location


def test_a_session_in_use_goes_on_and_each_request_renews_it(staffed: LinkIssuer) -> None:
    """After a minute, so that not every page sets a cookie."""
    browser, now = ConsoleBrowser(staffed.app), int(time.time())
    browser.enter(LIN, now - 3600, now - 90)
    page = browser.get(CONSOLE)
    renewed = page.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    session = SessionSigner(RING).read(renewed)
    assert session is not None
    assert session.started_s == now - 3600
    assert session.used_s >= now
    assert "Set-Cookie" not in browser.get(CONSOLE).headers


def test_sign_out_ends_the_session_also_for_who_copied_the_cookie(staffed: LinkIssuer) -> None:
    """And the other sessions of the operator only if they say so."""
    here, copy, elsewhere = (ConsoleBrowser(staffed.app) for _ in range(3))
    session = here.enter(LIN)
    copy.set_cookie(SessionSigner(RING).write(session))
    elsewhere.enter(LIN)
    assert here.post(SIGN_OUT, page=CONSOLE).status_code == 303
    assert [one.get(CONSOLE).status_code for one in (here, copy, elsewhere)] == [303, 303, 200]
    assert elsewhere.post(SIGN_OUT, {"everywhere": "1"}, page=CONSOLE).status_code == 303
    here.enter(LIN)
    assert here.get(CONSOLE).status_code == 303, "a session from before"
    assert [action for _, action in actions(staffed)] == ["session.ended", "session.all_ended"]


def test_a_disabled_operator_is_out_at_once_in_every_process(staffed: LinkIssuer, settings: Settings) -> None:
    """A second process, as any other service, sees it within a second."""
    with serve_link_issuer(settings) as other:
        there, here = ConsoleBrowser(other.app), ConsoleBrowser(staffed.app)
        for browser in (there, here):
            browser.enter(LIN)
            assert browser.get(CONSOLE).status_code == 200
        changed = staffed.request("PATCH", "/v1/operators/opr_lin", {"disabled": True})
        assert changed.get_json()["status"] == "disabled"
        assert here.get(CONSOLE).status_code == 303
        wait_until(lambda: there.get(CONSOLE).status_code == 303)
        assert staffed.request("PATCH", "/v1/operators/opr_lin", {"disabled": False}).status_code == 200
        assert here.get(CONSOLE).status_code == 303, "the session does not come back"


def test_a_form_needs_its_session_token_and_this_site(staffed: LinkIssuer) -> None:
    """Without them nothing happens."""
    browser, other = ConsoleBrowser(staffed.app), ConsoleBrowser(staffed.app)
    browser.enter(LIN)
    other.enter(LIN)
    token = other.token(CONSOLE)
    for fields in ({}, {"csrf": ""}, {"csrf": token}, {"csrf": "é"}):
        answer = browser.post(SIGN_OUT, fields)
        assert answer.status_code == 403
        assert (
            "Nothing was changed" in browser.client.post(f"{SIGN_OUT}?lang=en", data=fields, headers=SAME_ORIGIN).text
        )
    own = {"csrf": browser.token(CONSOLE)}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert browser.client.post(SIGN_OUT, data=own, headers=headers).status_code == 403
    form = {"name": "lin", "password": PASSWORD, "code": current_code()}
    assert browser.client.post(SIGN_IN, data=form, headers={"Origin": "null"}).status_code == 403
    assert browser.get(CONSOLE).status_code == 200
    assert actions(staffed) == []


def test_console_pages_are_private_and_load_only_their_own(staffed: LinkIssuer) -> None:
    """Each header once; scripts in the page cannot run."""
    browser = ConsoleBrowser(staffed.app)
    browser.enter(LIN)
    for path in (CONSOLE, SIGN_IN):
        headers = browser.get(path).headers
        assert headers.getlist("Cache-Control") == ["no-store"]
        [policy] = headers.getlist("Content-Security-Policy")
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert headers.getlist("Referrer-Policy") == ["same-origin"]
        assert headers.getlist("X-Frame-Options") == ["DENY"]


@pytest.fixture
def strict(settings: Settings) -> Iterator[LinkIssuer]:
    """Link-issuer that permits three attempts to sign in in an hour, with lin."""
    with serve_link_issuer(replace(settings, sign_in_limit="3/hour", proxies=1)) as system:
        write_records(settings, [LIN])
        system.context.follower.read_to_end(30)
        yield system


def attempt(issuer: LinkIssuer, address: str, browser: ConsoleBrowser | None = None, **fields: str) -> int:
    """Returns the status of an attempt to sign in from an address."""
    form = {"name": "lin", "password": "wrong", "code": "000000", **fields}
    client = browser.client if browser else issuer.app.test_client()
    return client.post(SIGN_IN, data=form, headers=SAME_ORIGIN | {"X-Forwarded-For": address}).status_code


def test_attempts_are_limited_per_address_and_per_name(strict: LinkIssuer) -> None:
    """From one address with many names, and from many addresses with one name, in any case of its letters."""
    assert [attempt(strict, "192.0.2.1", name=name) for name in "abcd"] == [403, 403, 403, 429]
    assert [
        attempt(strict, f"192.0.2.{number}", name=name) for number, name in enumerate(("lin", "LIN", " lin", "Lin"), 10)
    ] == [
        403,
        403,
        403,
        429,
    ]
    assert [attempt(strict, f"192.0.2.{number}", name="ghost") for number in range(20, 24)] == [403, 403, 403, 429]


def test_attempts_from_elsewhere_do_not_lock_out_an_operator_in_their_own_browser(strict: LinkIssuer) -> None:
    """A browser that they have signed in with is counted separately."""
    browser = ConsoleBrowser(strict.app)
    right = {"password": PASSWORD, "code": current_code()}
    assert attempt(strict, "192.0.2.1", browser, **right) == 303
    assert [attempt(strict, f"198.51.100.{number}") for number in range(4)] == [403, 403, 429, 429]
    assert attempt(strict, "192.0.2.1", browser, password=PASSWORD, code=current_code(steps=1)) == 303


def test_a_repeated_request_adds_one_operator_and_shows_no_password_again(issuer: LinkIssuer) -> None:
    """A name belongs to one operator, in any case; with an Idempotency-Key the answer is repeated without the password."""
    key = {"Idempotency-Key": "one"}
    body = {"name": "lin", "role": "viewer"}
    first = issuer.request("POST", "/v1/operators", body, headers=key).get_json()
    again = issuer.request("POST", "/v1/operators", body, headers=key)
    assert (again.status_code, again.get_json()["password"]) == (201, None)
    assert again.get_json()["operator"] == first["operator"]
    taken = issuer.request("POST", "/v1/operators", {"name": "LIN", "role": "viewer"})
    assert (taken.status_code, taken.get_json()["code"]) == (409, "name_taken")
    assert len(issuer.request("GET", "/v1/operators").get_json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"role": "admin"}, "/name"),
        ({"name": " ", "role": "admin"}, "/name"),
        ({"name": "x" * 65, "role": "admin"}, "/name"),
        ({"name": "a\u202eb", "role": "admin"}, "/name"),
        ({"name": "lin", "role": "root"}, "/role"),
        ({"name": "lin", "role": "admin", "programs": ["prg_x"] * 21}, "/programs"),
        ({"name": "lin", "role": "admin", "password": "mine"}, "/password"),
    ],
)
def test_a_body_with_a_mistake_adds_no_operator(issuer: LinkIssuer, body: dict[str, Any], place: str) -> None:
    """The answer names the place."""
    answer = issuer.request("POST", "/v1/operators", body)
    assert answer.status_code == 422
    assert place in {error["pointer"] for error in answer.get_json()["errors"]}


def test_a_removed_operator_leaves_an_id_and_no_name(issuer: LinkIssuer) -> None:
    """The name is free again, and in no later record of the catalog."""
    id = add(issuer, "Lin Example")["operator"]["id"]
    gone = issuer.request("DELETE", f"/v1/operators/{id}").get_json()
    assert (gone["name"], gone["status"]) == (None, "removed")
    assert issuer.request("DELETE", f"/v1/operators/{id}").status_code == 200, "once more is harmless"
    for method, path in (("PATCH", id), ("POST", f"{id}/reset")):
        assert issuer.request(method, f"/v1/operators/{path}", {}).status_code == 409
    written = [line for _, line in read_lines(issuer.settings, CATALOG) if b'"operator"' in line]
    assert len(written) == 2
    assert not any(b"Lin Example" in line for line in written)
    assert b'"sealed"' not in written[-1]


def test_a_reset_ends_sessions_and_password(staffed: LinkIssuer) -> None:
    """For a lost phone: the operator begins again with a first password."""
    browser = ConsoleBrowser(staffed.app)
    browser.enter(LIN)
    answer = staffed.request("POST", "/v1/operators/opr_lin/reset").get_json()
    assert browser.get(CONSOLE).status_code == 303
    assert sign_in(browser).status_code == 403
    assert (
        "Set up your sign-in"
        in browser.client.post(
            f"{SIGN_IN}?lang=en", data={"name": "lin", "password": answer["password"]}, headers=SAME_ORIGIN
        ).text
    )


def test_a_key_of_another_program_reaches_no_operator(staffed: LinkIssuer) -> None:
    """Nor makes one with more rights than its own."""
    own = operator("own", programs=("prg_other",))
    write_records(staffed.settings, [own])
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reset")):
        assert staffed.request(method, f"/v1/operators/opr_lin{path}", {}, key="elsewhere").status_code == 403
    listed = staffed.request("GET", "/v1/operators", key="elsewhere").get_json()["items"]
    assert [one["id"] for one in listed] == ["opr_own"]
    for programs in ([], ["prg_x"], ["prg_other", "prg_x"]):
        body = {"name": "new", "role": "admin", "programs": programs}
        assert staffed.request("POST", "/v1/operators", body, key="elsewhere").status_code == 403
        widened = staffed.request("PATCH", "/v1/operators/opr_own", {"programs": programs}, key="elsewhere")
        assert widened.status_code == 403
    assert staffed.request("GET", "/v1/operators", key="reader").status_code == 403


def test_the_audit_log_is_read_by_page_actor_program_and_time(staffed: LinkIssuer) -> None:
    """With names as long as there are any; a key bound to programs sees those alone. What cannot be read is left out."""
    audit = staffed.collaborators.audit
    write_lines(staffed.settings, AUDIT, [("", b'{"type":"action.recorded","action":"of.a.newer.version"}')])
    for number in range(5):
        audit.record("opr_lin", "conversion.released", program="prg_other", target=f"cnv_{number}")
    audit.record("key_admin", "operator.changed", target="opr_lin")
    read: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = staffed.request("GET", f"/v1/audit?limit=2{cursor}").get_json()
        read += page["items"]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [one["target"] for one in read] == [*(f"cnv_{number}" for number in range(5)), "opr_lin"]
    assert [(read[0]["actor_name"], read[0]["program"]), (read[5]["actor_name"], read[5]["program"])] == [
        ("lin", "prg_other"),
        ("admin", None),
    ]

    def count(query: str, key: str = "admin") -> int:
        return len(staffed.request("GET", f"/v1/audit?{query}", key=key).get_json()["items"])

    assert (count("actor=key_admin"), count("program=prg_other"), count("program=prg_x")) == (1, 5, 0)
    assert (count("", "elsewhere"), count("since=2020-01-01T00:00:00Z"), count("since=2100-01-01T00:00:00Z")) == (
        5,
        6,
        0,
    )
    assert staffed.request("GET", "/v1/audit?program=prg_x", key="elsewhere").status_code == 403
    assert staffed.request("GET", "/v1/audit", key="reader").status_code == 403
    assert staffed.request("GET", "/v1/audit?cursor=x").status_code == 400


def test_the_commands_add_change_reset_and_remove_an_operator_and_print_the_audit_log(issuer: LinkIssuer) -> None:
    """The password alone is on standard output; an operator is given by name or id."""

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, [*words, "--url", address, "--key", "rk_admin"])
        assert done.exit_code == 0, done.output
        return done.stdout

    with serve_app(issuer.app) as address:
        password = run("operators", "add", "Mo", "--role", "support", "--program", "prg_x").strip()
        assert sign_in(ConsoleBrowser(issuer.app), name="mo", password=password, code="").status_code == 200
        assert run("operators", "reset", "mo").strip() != password
        assert "growth" in run("operators", "change", "MO", "--role", "growth", "--all-programs")
        assert "disabled" in run("operators", "disable", "mo")
        assert "invited" in run("operators", "enable", "mo")
        assert "is removed" in run("operators", "remove", "mo")
        assert "removed" in run("operators", "list")
        printed = run("audit", "--since", "2020-01-01T00:00:00Z")
        refused = CliRunner().invoke(main, ["operators", "disable", "mo", "--url", address, "--key", "rk_admin"])
        assert "there is no operator 'mo'" in refused.output
    assert [line.split()[4] for line in printed.splitlines()[1:]] == [
        "operator.added",
        "operator.reset",
        *["operator.changed"] * 3,
        "operator.removed",
    ]
