"""Draws: what was committed to and the result, and the randomness that holds a draw."""

import msgspec
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from leaderboard.domain.closing_state import DrawState
from leaderboard.domain.draw_result import InvalidRandomness, randomness
from leaderboard.folds.closing_terms import PeriodBoard
from leaderboard.http_api.closing_responses import DrawResponse
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.requests import require_period
from referral.events.standings import DrawRandomnessGiven
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem, unavailable
from referral.http.responses import response
from referral.polling import poll
from referral.topics import STANDINGS
from referral.verification import quicknet
from referral.verification.weighted_draw import RULE

blueprint = Blueprint("draws", __name__)
_DEADLINE_S = 5.0
_HEX = r"^([0-9a-f]{2})+\Z"
_encode = msgspec.json.Encoder().encode


class RandomnessBody(Schema):
    """A published round of drand's quicknet, or the secret that the draw has committed to."""

    by = fields.Str(required=True, validate=validate.Length(1, 128), metadata={"description": "Who gives it."})
    round = fields.Int(
        strict=True, validate=validate.Range(1, quicknet.MAX_ROUND), metadata={"description": "The round's number."}
    )
    signature = fields.Str(
        validate=[validate.Length(96, 96), validate.Regexp(_HEX)],
        metadata={"description": "The round's signature, as drand publishes it."},
    )
    secret = fields.Str(
        validate=[validate.Length(32, 128), validate.Regexp(_HEX)],
        metadata={"description": "The secret, hexadecimal, of a draw with `secret_hash`."},
    )

    @validates_schema
    def one_of_both(self, data: dict[str, object], **_: object) -> None:
        """Refuses a body with neither or both."""
        if ("secret" in data) == ("signature" in data) or ("signature" in data) != ("round" in data):
            raise ValidationError("write round and signature, or secret", "signature")


@blueprint.get("/v1/programs/<program>/draws/<draw>/<period>")
@requires("read")
@response(DrawResponse)
@blueprint.alt_response(404, description="Unknown program, or a draw that is not committed to.")
def draw(program: str, draw: str, period: str) -> DrawResponse:
    """A draw of a period: the commitment and, once it is held, the result. The entries are those of the closed board."""
    name, state = _require_draw(program, draw, period)
    return _draw_response(name, state)


@blueprint.post("/v1/programs/<program>/draws/<draw>/<period>/randomness")
@requires("admin")
@blueprint.arguments(RandomnessBody)
@response(DrawResponse)
@blueprint.alt_response(404, description="Unknown program, or a draw that is not committed to.")
@blueprint.alt_response(422, description="Not the randomness that the draw has committed to.")
def hold(body: dict[str, object], program: str, draw: str, period: str) -> DrawResponse:
    """Holds a draw with the committed round or secret. The first valid randomness counts; sent again, it answers the result."""
    name, state = _require_draw(program, draw, period)
    line = _randomness_line(name, draw, body)
    _check(state, line)
    if state.held_at_s is None:
        dependencies().publisher.publish(STANDINGS, [(program, _encode(line))])
    held = poll(lambda: _find_result(name, draw), _DEADLINE_S)
    if held is None:
        raise unavailable("The randomness is on the log, but the draw is not held yet. Read it again in a moment.")
    return _draw_response(name, held)


def _randomness_line(name: PeriodBoard, draw: str, body: dict[str, object]) -> DrawRandomnessGiven:
    number, signature, secret = body.get("round"), body.get("signature"), body.get("secret")
    return DrawRandomnessGiven(
        occurred_at=to_datetime(context().clock.now_ms()),
        program=name.program,
        metric=name.metric,
        period=name.period,
        draw=draw,
        by=str(body["by"]),
        round=int(str(number)) if number is not None else None,
        signature=str(signature) if signature is not None else None,
        secret=str(secret) if secret is not None else None,
    )


def _check(state: DrawState, line: DrawRandomnessGiven) -> None:
    """Raises Problem 422 for what the draw has not committed to, and for a signature that is not the round's."""
    try:
        randomness(state, line.round, line.signature, line.secret)
    except InvalidRandomness as error:
        raise _invalid(str(error)) from None
    if line.signature and line.round and not quicknet.is_published(line.round, bytes.fromhex(line.signature)):
        raise _invalid(f"the signature is not that of round {line.round} of quicknet: copy it as drand publishes it")


def _invalid(detail: str) -> Problem:
    return Problem(422, "invalid_randomness", f"{detail[:1].upper()}{detail[1:]}.")


def _find_result(name: PeriodBoard, draw: str) -> DrawState | None:
    state = dependencies().closings.draw(name, draw)
    return state if state is not None and state.held_at_s is not None else None


def _require_draw(program: str, draw: str, period: str) -> tuple[PeriodBoard, DrawState]:
    window = require_period(program, period)
    declared = [
        one for version in context().catalog.versions(program) for one in version.program.draws if one.id == draw
    ]
    if not declared:
        raise Problem(404, "unknown_draw", f"Program {program} has no draw {draw!r}. Declare it in `draws`.")
    for metric in {one.board for one in declared}:
        name = PeriodBoard(program, metric, "follower", window.name)
        if (state := dependencies().closings.draw(name, draw)) is not None:
            return name, state
    detail = f"The draw of {window.name} is not committed to: that happens when the board of {window.name} is closed."
    raise Problem(404, "not_closed", detail)


def _draw_response(name: PeriodBoard, state: DrawState) -> DrawResponse:
    return DrawResponse(
        program=name.program,
        draw=state.draw,
        metric=name.metric,
        period=name.period,
        committed_at=to_datetime(state.committed_at_s * 1000),
        root=state.root,
        entries=state.entries,
        tickets=state.tickets,
        winner_places=state.winners,
        alternate_places=state.alternates,
        rule=RULE,
        last_leaf=state.last_leaf,
        round=state.round,
        round_at=to_datetime(quicknet.published_at(state.round) * 1000) if state.round else None,
        secret_hash=state.secret_hash,
        held_at=to_datetime(state.held_at_s * 1000) if state.held_at_s is not None else None,
        randomness=state.randomness,
        signature=state.signature,
        secret=state.secret,
        winners=list(state.drawn[: state.winners]),
        alternates=list(state.drawn[state.winners :]),
    )
