"""Digests to a growth team: their targets, and a test send to one of them."""

from flask import g

from referral.catalog.view import Catalog
from referral.digest_targets import digest_secret_name
from referral.events.promoter_messages import DIGEST_KINDS, DigestKind
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.idempotency import idempotent
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.require import require_program
from referral.http.responses import response
from reward_dispatcher.delivery.digest_test_send import NoDigest, SentDigest
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.digest_responses import DigestsResponse, DigestTargetResponse, DigestTestResponse

blueprint = Blueprint("digests", __name__, description="Digests to a growth team.")
_STATUSES = {"no_digest": 409, "no_digest_target": 404, "no_mail_server": 409}
_AT_ONCE = 1  # of a caller


@blueprint.get("/v1/programs/<program>/messages/digests")
@requires("read")
@response(DigestsResponse)
@blueprint.alt_response(404, description="Unknown program.")
def digests(program: str) -> DigestsResponse:
    """Where the digests of a program go. Addresses are secrets, and not shown."""
    require_program(program)
    catalog = context().catalog
    terms = catalog.program_at(program, context().clock.now_ms())
    messages = terms.program.messages if terms else None
    return DigestsResponse(
        program, messages is not None and messages.digest is not None, digest_targets(catalog, program)
    )


@blueprint.post("/v1/programs/<program>/messages/digests/<kind>/test")
@requires("rewards:write")
@idempotent
@response(DigestTestResponse)
@blueprint.alt_response(404, description="Unknown program, or it has no target of this kind.")
@blueprint.alt_response(409, description="The program sends no digest, or there is no mail server.")
@blueprint.alt_response(502, description="The target did not accept the digest; `detail` has its answer.")
@blueprint.alt_response(503, description="leaderboard, which has the figures, does not answer.")
def send_test_digest(program: str, kind: str) -> DigestTestResponse:
    """Sends the newest digest to a target, once, and returns what the target answered. It counts as no delivery."""
    require_program(program)
    wanted = require_kind(kind)
    sent = send_digest(program, wanted, g.key.id)
    return DigestTestResponse(program, wanted, sent.digest.first, sent.digest.last, sent.result.status)


def digest_targets(catalog: Catalog, program: str) -> list[DigestTargetResponse]:
    """The targets of a program that are set, in the order of their kinds."""
    found = ((kind, catalog.adapter_secret(program, digest_secret_name(kind))) for kind in DIGEST_KINDS)
    return [DigestTargetResponse(kind, secret.recorded_at) for kind, secret in found if secret and secret.sealed]


def require_kind(name: str) -> DigestKind:
    """A kind of target by its name. Raises Problem 404."""
    kind = next((one for one in DIGEST_KINDS if one == name), None)
    if kind is None:
        detail = f"`kind` must be one of {', '.join(DIGEST_KINDS)}; got {name[:32]!r}."
        raise Problem(404, "unknown_digest_kind", detail)
    return kind


def send_digest(program: str, kind: DigestKind, caller: str) -> SentDigest:
    """Sends the newest digest, which its target has accepted. Raises Problem with the reason or the target's answer."""
    context().follower.read_to_end()
    with dependencies().digest_sends.hold(caller, _AT_ONCE):
        try:
            sent = dependencies().digests.send(program, kind)
        except NoDigest as error:
            raise Problem(_STATUSES[error.code], error.code, str(error)) from None
    match sent.result.outcome:
        case "accepted":
            return sent
        case "failed":
            answer = f"{sent.result.status or ''} {sent.result.excerpt or sent.result.failure or ''}".strip()
            raise Problem(502, "digest_refused", f"The target did not accept the digest. Its answer: {answer}")
        case _:
            detail = (
                "The digest could not be made: leaderboard does not answer, or the target cannot be read. Retry later."
            )
            raise Problem(503, "digest_unavailable", detail, headers={"Retry-After": "10"})
