"""The claim of a browser on the join page: whose handle it states to be its own, in a signed cookie."""

from flask import Response, request

from link_issuer.http_api.dependencies import dependencies
from referral.http.context import context
from referral.people.join_proofs import claim_id
from referral.tokens import InvalidTokenError, JoinToken

_COOKIE, _PATH = "join", "/j"
_DAYS = 90


def read_claim(program: str) -> JoinToken | None:
    """The claim of this browser in a program; None without one, and if its person was erased."""
    try:
        claim = dependencies().signer.read_join(request.cookies.get(_COOKIE, ""))
    except InvalidTokenError:
        return None
    is_gone = context().people.snapshot().is_erased(claim.person)
    return None if claim.program != program or is_gone else claim


def write_claim(response: Response, claim: JoinToken) -> None:
    """Gives the browser the claim: out of reach of scripts, for the join page alone."""
    secure = context().settings.public_url.startswith("https:")
    response.set_cookie(
        _COOKIE,
        dependencies().signer.sign_join(claim),
        max_age=_DAYS * 86_400,
        path=_PATH,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def forget_claim(response: Response) -> None:
    """Removes the claim from the browser."""
    response.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="Lax")


def is_proven(claim: JoinToken) -> bool:
    """Whether this very claim was proven, and not revoked since."""
    access = context().people.snapshot().wallet_access(claim.person)
    id = claim_id(context().pseudonyms, claim.program, claim.person, claim.nonce)
    return access is not None and id in access.claims
