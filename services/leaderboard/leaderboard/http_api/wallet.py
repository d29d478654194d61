"""The wallet's part about the board: the place of the person whose wallet is open."""

from typing import Annotated

from msgspec import Meta, Struct

from leaderboard.board_store import board_name
from leaderboard.domain.periods import windows
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import find_participant, require_window, require_zone
from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.http.wallet_session import require_wallet_session

METRIC: BoardMetric = "referrals"
blueprint = Blueprint("wallet_place", __name__, description="A person's place on the board, for their wallet.")


class PlaceResponse(Struct):
    """A place on the board of all time."""

    rank: Annotated[int | None, Meta(description="null without a friend who counts")]
    score: Annotated[int, Meta(description="friends who count")]
    total: Annotated[int, Meta(description="number of people on the board")]
    today: Annotated[int, Meta(description="friends of today, in the program's time zone")]


@blueprint.get("/v1/wallet/place")
@without_rate_limit
@response(PlaceResponse)
@blueprint.alt_response(401, description="No session of a wallet, as a bearer token or cookie.")
def place() -> PlaceResponse:
    """The place of the person whose wallet is open, on the board of all time."""
    session = require_wallet_session()
    program, person, zone = session.program, session.person, require_zone(session.program)
    participant = find_participant(program, person)
    kind: ReferrerKind = "partner" if participant and participant.partner else "follower"
    boards = dependencies().boards
    board = board_name(program, METRIC, require_window("all", zone).name, kind)
    found = boards.around(program, board, person, 0)
    mine = next((one for one in found.entries if one.entry.participant == person), None) if found else None
    today = board_name(program, METRIC, windows(context().clock.now_ms() // 1000, zone)[0].name, kind)
    return PlaceResponse(
        rank=mine.rank if mine else None,
        score=mine.entry.referrals if mine else 0,
        total=found.total if found else boards.total(board),
        today=boards.counts(program, today, [person]).get(person, 0),
    )
