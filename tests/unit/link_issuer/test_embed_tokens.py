"""Embed tokens and the frame of the share sheet: one purpose, one person, an hour, and the program's own sites alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from link_issuer.http_api.app import app as make_app
from referral.catalog.memory_follower import MemoryFollower
from referral.events.embed_rules import EmbedRules
from referral.events.entities import ProgramVersion
from referral.events.people import WalletAccess
from referral.events.timestamps import to_ms
from referral.http.embedding import LIFETIME_MS
from referral.tokens import EmbedScope, EmbedToken, TokenSigner
from tests.support.builders.link_issuer import LINK_OWNER, LINK_OWNER_PROFILE, SHARE_PROGRAM
from tests.support.settings import UNREACHABLE, api_key

MADE = datetime(2026, 1, 1, tzinfo=UTC)
SITES = ("https://app.example.com", "http://localhost:5000")
PROGRAM = replace(SHARE_PROGRAM, id=LINK_OWNER.program, embed=EmbedRules(origins=SITES))
OTHER = replace(PROGRAM, id="prg_without", embed=EmbedRules())
SIGNER = TokenSigner(UNREACHABLE.key_ring())
REVOKED = replace(LINK_OWNER, id=f"psn_{'revoked':0>16}", code="REV0KED")


@pytest.fixture(scope="module")
def client() -> Iterator[FlaskClient]:
    """A client of the service, with two programs, of which one may be in frames."""
    versions = [
        ProgramVersion(recorded_at=MADE, program=one, version=1, effective_from=MADE) for one in (PROGRAM, OTHER)
    ]
    access = WalletAccess(
        id=REVOKED.id, program=PROGRAM.id, recorded_at=MADE, links_from=datetime(2126, 1, 1, tzinfo=UTC)
    )
    profiles = [LINK_OWNER_PROFILE, replace(LINK_OWNER_PROFILE, id=REVOKED.id, external_id="xhs:revoked"), access]
    keys = [
        api_key("all", "admin"),
        api_key("reader", "read"),
        api_key("other", "links:write", programs=("prg_other",)),
    ]
    app = make_app(UNREACHABLE, MemoryFollower([*versions, LINK_OWNER, REVOKED, *keys], profiles))
    yield app.test_client()
    app.extensions["referral"].close()


def _create(client: FlaskClient, body: dict[str, Any], program: str = PROGRAM.id, key: str = "rk_all") -> TestResponse:
    where, headers = f"/v1/programs/{program}/embed-tokens", {"Authorization": f"Bearer {key}"}
    return client.post(where, json=body, headers=headers)


def _token(scope: EmbedScope = "share", person: str = LINK_OWNER.id, age_ms: int = 0) -> str:
    issued_ms = to_ms(datetime.now(UTC)) - age_ms
    return SIGNER.sign_embed(EmbedToken(scope, PROGRAM.id, person, issued_ms, issued_ms + LIFETIME_MS))


def test_the_share_sheet_is_shown_in_a_frame_of_the_programs_sites(client: FlaskClient) -> None:
    """By the address that the API made, without a cookie, stored nowhere."""
    made = _create(client, {"scope": "share", "person": LINK_OWNER_PROFILE.external_id})
    body = made.get_json()
    assert (made.status_code, body["origins"]) == (201, list(SITES))
    path = "/s/embed/" + body["url"].partition("/s/embed/")[2]
    page = client.get(f"{path}?lang=en")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert LINK_OWNER.code in text
    assert "Back to your rewards" not in text
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {' '.join(SITES)}" in policy
    assert "frame-ancestors 'none'" not in policy
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in page.headers
    other = client.get(f"/s/{LINK_OWNER.code}")
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("body", "program", "key", "status", "code"),
    [
        ({"scope": "share"}, PROGRAM.id, "rk_all", 422, "missing_field"),
        ({"scope": "console"}, PROGRAM.id, "rk_all", 422, None),
        ({"scope": "wallet", "person": "xhs:nobody"}, PROGRAM.id, "rk_all", 404, "unknown_person"),
        ({"scope": "board"}, OTHER.id, "rk_all", 409, "no_embed_origins"),
        ({"scope": "board"}, "prg_unknown", "rk_all", 404, "unknown_program"),
        ({"scope": "board"}, PROGRAM.id, "rk_reader", 403, "missing_scope"),
        ({"scope": "board"}, PROGRAM.id, "rk_other", 403, "other_program"),
    ],
)
def test_a_refused_request_says_what_to_change(
    client: FlaskClient, body: dict[str, Any], program: str, key: str, status: int, code: str | None
) -> None:
    """Each with its code."""
    answer = _create(client, body, program, key)
    assert answer.status_code == status
    assert code in (None, answer.get_json()["code"])


def test_a_token_is_of_no_use_for_anything_else(client: FlaskClient) -> None:
    """Not for another purpose, after an hour, for a person whose links were revoked, nor as a wallet's link."""
    assert client.get(f"/s/embed/{_token()}").status_code == 200
    for token, status in (
        (_token("wallet"), 404),
        (_token("board", ""), 404),
        (_token(age_ms=LIFETIME_MS), 410),
        (_token(person=REVOKED.id), 410),
        (_token(person="psn_0000000000000009"), 404),
        (_token()[:-2], 404),
        ("x" * 500, 404),
    ):
        assert client.get(f"/s/embed/{token}").status_code == status, status
    assert client.get("/w/share", headers={"Authorization": f"Bearer {_token()}"}).status_code == 401
    over = client.get(f"/s/embed/{_token(age_ms=LIFETIME_MS)}?lang=en", headers={"Accept": "text/html"})
    assert f"frame-ancestors {' '.join(SITES)}" in over.headers["Content-Security-Policy"]
    assert "Reload the page to see it again." in over.text
    chinese = client.get(f"/s/embed/{_token(age_ms=LIFETIME_MS)}?lang=zh-CN", headers={"Accept": "text/html"})
    assert "刷新" in chinese.text
