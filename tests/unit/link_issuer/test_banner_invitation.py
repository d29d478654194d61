"""referral.js, and the invitation for a banner: public, bounded, without ids."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from link_issuer.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.events.entities import ProgramVersion
from referral.events.facts import ClickToken
from referral.events.reward_rules import Reward
from referral.tokens import TokenSigner
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, SHARE_PROGRAM
from tests.support.settings import UNREACHABLE

MADE = datetime(2026, 1, 1, tzinfo=UTC)
GIFT = Reward(id="d", to="referee", on="conversion.cleared", kind="discount_code", percent=15)
HIDDEN, GONE = (replace(LINK_OWNER, id=f"psn_{code:0>16}", code=code) for code in ("H1DDEN", "G0NE88"))


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    """A client of the service: one who shows their name, one who hides it, one who was erased."""
    program = replace(SHARE_PROGRAM, id=LINK_OWNER.program, rewards=(GIFT,))
    version = ProgramVersion(recorded_at=MADE, program=program, version=1, effective_from=MADE)
    profiles = [LINK_OWNER_PROFILE, replace(LINK_OWNER_PROFILE, id=HIDDEN.id, public=False, external_id="xhs:hidden")]
    catalog = [version, LINK_OWNER, HIDDEN, replace(GONE, erased_at=MADE)]
    app = make_app(UNREACHABLE, MemoryFollower(catalog, profiles))
    yield app.test_client()
    app.extensions["referral"].close()


def test_the_invitation_names_inviter_and_gift_by_code_and_by_token(client: FlaskClient) -> None:
    """The same by both, in the page's language, readable by any origin, and with no id."""
    click = ClickToken(
        id="clk_1", program=LINK_OWNER.program, participant=LINK_OWNER.id, code=LINK_OWNER.code, clicked_at_ms=0
    )
    token = TokenSigner(UNREACHABLE.key_ring()).sign_click(click)
    by_code = client.get(f"/v1/invitations?code={LINK_OWNER.code}&lang=en")
    body = by_code.get_json()
    assert body == client.get(f"/v1/invitations?rt={token}&lang=en").get_json()
    assert (body["inviter"], body["gift"], body["gifts"][0]["when"]) == (
        LINK_OWNER_PROFILE.display_name,
        "15% off",
        "when you follow",
    )
    assert by_code.headers["Access-Control-Allow-Origin"] == "*"
    assert "psn_" not in by_code.get_data(as_text=True)
    assert LINK_OWNER_PROFILE.external_id not in by_code.get_data(as_text=True)
    assert client.get(f"/v1/invitations?code={LINK_OWNER.code}&lang=zh-CN").get_json()["gift"] != "15% off"


def test_a_hidden_name_is_not_told(client: FlaskClient) -> None:
    """As on the share page."""
    assert client.get(f"/v1/invitations?code={HIDDEN.code}&lang=en").get_json()["inviter"] == "A promoter"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "missing_parameter"),
        ("code=" + "A" * 65, 422, "invalid_parameter"),
        ("rt=" + "A" * 1025, 422, "invalid_parameter"),
        ("rt=forged.token", 404, "unknown_token"),
        ("code=N0B0DY", 404, None),
        ("code=G0NE88", 410, None),
    ],
)
def test_without_an_invitation_the_answer_is_a_problem(
    client: FlaskClient, query: str, status: int, code: str | None
) -> None:
    """For clients that want JSON as for any other."""
    for accept in ("*/*", "application/json"):
        answer = client.get(f"/v1/invitations?{query}", headers={"Accept": accept})
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert code in (None, answer.get_json()["code"])


def test_the_script_is_cached_and_revalidated(client: FlaskClient) -> None:
    """By its ETag, from any origin, without a cookie."""
    first = client.get("/referral.js")
    assert (first.status_code, first.mimetype) == (200, "text/javascript")
    assert (first.cache_control.max_age, first.headers.get("Set-Cookie")) == (3600, None)
    assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = client.get("/referral.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
