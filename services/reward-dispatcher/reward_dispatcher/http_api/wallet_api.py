"""`/w`: the wallet of the person whose link this browser has opened, and signing out everywhere."""

from flask import Blueprint, Response, make_response, render_template

from referral.events.ids import random_id
from referral.http.context import context
from referral.http.embedding import for_frames, require_embed_token
from referral.http.rate_limit import without_rate_limit
from referral.http.same_origin import require_same_origin
from referral.http.wallet_session import (
    PRIVATE,
    SESSION_MS,
    WalletClosed,
    end_session,
    require_wallet_session,
    session_text,
    start_session,
    wallet_session,
)
from referral.tokens import WalletToken
from reward_dispatcher.domain.account import Account
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import download_link
from reward_dispatcher.http_api.wallet_links import revoke_links
from reward_dispatcher.http_api.wallet_opening_api import private
from reward_dispatcher.pages.tickets import Download
from reward_dispatcher.pages.wallet_doors import ClosedDoor, render_closed_wallet, render_signed_out
from reward_dispatcher.pages.wallet_view import WalletContents, wallet_view

MAX_REWARDS = 100
blueprint = Blueprint("wallet", __name__, template_folder="../pages/templates")


@blueprint.get("/w")
@without_rate_limit
def wallet_page() -> Response:
    """The wallet: rewards, the next milestone, friends, place, history and settings."""
    try:
        session = wallet_session()
    except WalletClosed as error:
        return private(render_closed_wallet(ClosedDoor(error.reason, error.link.program if error.link else None)), 401)
    response = make_response(render_template("wallet.html", **_template_values(session, session_text() or "")), PRIVATE)
    if _is_half_over(session):
        start_session(response, session)
    return response


@blueprint.get("/w/embed/<token>")
@without_rate_limit
def wallet_frame(token: str) -> Response:
    """The wallet in a frame of the platform's own site: it shows, and changes nothing."""
    embed = require_embed_token("wallet", token)
    session = WalletToken(
        random_id("wlk"), embed.program, embed.person, embed.issued_ms, embed.expires_ms, embed.expires_ms
    )
    parts_session = dependencies().tokens.sign_wallet("wallet-open", session)
    return for_frames(make_response(render_template("wallet.html", **_template_values(session, parts_session))))


@blueprint.post("/w/sign-out")
def sign_out() -> Response:
    """Ends every link to this wallet, and every browser in which it is open."""
    require_same_origin()
    session = require_wallet_session()
    revoke_links(session.program, session.person)
    response = private(render_signed_out(session.program))
    end_session(response)
    return response


def _template_values(session: WalletToken, text: str) -> dict[str, object]:
    shared, own, store = context(), dependencies(), dependencies().store
    page = store.wallet(session.program, session.person, 0, MAX_REWARDS)
    parts = own.wallet_parts.read(text)
    news = own.deliveries.outbox(session.program, session.person).shown
    rewards = sorted({item.reward for item in news if item.reward})
    contents = WalletContents(
        session=session,
        now_ms=shared.clock.now_ms(),
        accounts=page.accounts,
        total=page.total,
        balance=store.balance(session.program, session.person),
        downloads={one.id: found for one in page.accounts if (found := _download(one))},
        grants=None
        if own.banned.is_banned(session.program, session.person)
        else own.grants.of_referrer(session.program, session.person),
        parts=parts,
        news=news,
        news_accounts={one.id: one for one in store.accounts(rewards)} if rewards else {},
    )
    return wallet_view(contents)


def _download(account: Account) -> Download | None:
    """The file of a reward, if it has one."""
    url = download_link(account)
    if url is None or account.file is None:
        return None
    file = dependencies().guides.find(account.program, account.file)
    return Download(url, account.file, file.stat().st_size if file else None)


def _is_half_over(session: WalletToken) -> bool:
    """Whether the session should be renewed: half of its time is over, and its link has more."""
    left_ms = session.expires_ms - context().clock.now_ms()
    return left_ms < SESSION_MS // 2 and session.expires_ms < session.link_expires_ms
