"""What the studio of link-issuer asks the other services for, as they answer it: replays, and wallets of an example person."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from link_issuer.console_parts import PartRequest
from link_issuer.programs.version_text import program_content
from link_issuer.programs.yaml_form import read_yaml
from link_issuer.studio_parts import PartUnavailable, Replay, StudioParts
from referral.config import Settings
from referral.console.sessions import SessionSigner, start_session
from referral.events.entities import Operator
from tests.support.app_server import serve_app
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.participants import PROGRAM
from tests.support.operators import RING, operator
from tests.support.systems.conversion_tracker import CATALOG, serve_conversion_tracker
from tests.support.systems.reward_console import STAFF, serve_reward_console
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
NOWHERE = "http://127.0.0.1:1"
GROWTH, VIEWER = operator("mo", "growth"), operator("vi", "viewer")


def visit(who: Operator) -> tuple[PartRequest, str]:
    """A request of an operator who is signed in, and the token of their forms."""
    session = start_session(who, int(time.time()))
    return PartRequest(f"console={SessionSigner(RING).write(session)}", "http", PROGRAM), session.csrf_token


def test_a_replay_is_started_followed_and_cancelled(settings: Settings) -> None:
    """With the session of an operator who may change programs, and only with theirs."""
    rules = program_content(program_version(window_days=7).program)
    with serve_conversion_tracker(settings, *CATALOG, GROWTH, VIEWER) as system, serve_app(system.app) as address:
        parts = StudioParts(address, NOWHERE, 0)
        request, token = visit(GROWTH)
        started = parts.start_replay(request, token, rules, 60)
        assert started.status == "running"
        assert started.since == started.asked_at - timedelta(days=60)

        def ended() -> Replay | None:
            found = parts.replay(request, started.id)
            return found if found.status != "running" else None

        done = wait_until(ended)
        assert done.status == "done", done.detail
        assert done.result is not None
        assert done.result.as_recorded.equal
        assert (done.result.referrers.gaining, done.result.totals.referrals.after) == (0, 0)
        assert parts.cancel_replay(request, token, started.id).status == "done"
        viewer, viewers_token = visit(VIEWER)
        with pytest.raises(PartUnavailable) as refused:
            parts.start_replay(viewer, viewers_token, rules, None)
        assert refused.value.status == 403
        with pytest.raises(PartUnavailable) as forged:
            parts.start_replay(request, "0" * 64, rules, None)
        assert forged.value.status == 403
        with pytest.raises(PartUnavailable) as wrong:
            parts.start_replay(request, token, rules | {"channels": ["fax"]}, None)
        assert wrong.value.status == 422
        with pytest.raises(PartUnavailable) as too_long:
            parts.start_replay(request, token, rules, 0)
        assert (too_long.value.status, "days" in too_long.value.detail) == (422, True)
        with pytest.raises(PartUnavailable) as unknown:
            parts.replay(request, "rpl_none")
        assert unknown.value.status == 404
        parts.close()
        system.collaborators.replays.close()


def test_a_wallet_shows_one_of_each_reward_of_a_draft(settings: Settings, environ: dict[str, str]) -> None:
    """In both languages; a service that does not answer is named as such."""
    content = read_yaml(Path("examples/programs/glow.yaml").read_text("utf-8")).content
    with serve_reward_console(settings, environ) as console, serve_app(console.app) as address:
        parts = StudioParts(NOWHERE, address, 0)
        request, token = visit(STAFF["viewer"])
        english = parts.wallet(request, token, content, "en")
        assert "Glow Together" in english
        assert "Skincare Secrets" in english
        assert "焕肤计划" in parts.wallet(request, token, content, "zh-CN")
        with pytest.raises(PartUnavailable) as wrong:
            parts.wallet(request, token, {"id": "prg_x"}, "en")
        assert wrong.value.status == 422
        with pytest.raises(PartUnavailable) as nowhere:
            parts.replay(request, "rpl_any")
        assert nowhere.value.status is None
        parts.close()
