"""Pages in a frame of a platform's own site: a token in the path in place of a cookie, and the sites that may have the frame.

A token is valid for an hour, for one purpose, one program and (wallet, share sheet) one person. It needs no cookie, which browsers
refuse in frames of other sites. A wallet in a frame changes nothing.
"""

from flask import Response, g

from referral.events.timestamps import to_ms
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.service import frame_policy
from referral.http.wallet_session import PRIVATE
from referral.tokens import EmbedScope, EmbedToken, InvalidTokenError, TokenSigner

LIFETIME_MS = 3600 * 1000


def embed_origins(program: str) -> tuple[str, ...]:
    """The sites that may have the frame, by the version in force."""
    version = context().catalog.program_at(program, context().clock.now_ms())
    return version.program.embed.origins if version else ()


def require_embed_token(scope: EmbedScope, text: str) -> EmbedToken:
    """The content of a token for this purpose. Raises Problem 410 for one that is over, 404 for any other."""
    try:
        token = TokenSigner(context().key_ring).read_embed(text)
    except InvalidTokenError as error:
        raise Problem(404, "unknown_embed_token", f"The token is {error}. Load the frame with a new one.") from None
    if token.scope != scope:
        raise Problem(404, "unknown_embed_token", f"The token is for {token.scope}, not for {scope}.")
    origins = embed_origins(token.program)
    g.embed_origins = origins
    if _is_over(token) or not origins:
        detail = "The token is over, was revoked, or its program has no `embed.origins`. Load the frame with a new one."
        raise Problem(410, "embed_token_over", detail, headers=_headers(origins))
    return token


def _is_over(token: EmbedToken) -> bool:
    people = context().people.snapshot()
    access = people.wallet_access(token.person) if token.person else None
    is_revoked = access is not None and token.issued_ms < to_ms(access.links_from)
    return token.expires_ms <= context().clock.now_ms() or is_revoked or people.is_erased(token.person)


def for_frames(response: Response) -> Response:
    """The response of a page in a frame, which only the sites of its program may show. Call `require_embed_token` before."""
    response.headers.update(_headers(g.embed_origins))
    response.headers.pop("ETag", None)
    return response


def _headers(origins: tuple[str, ...]) -> dict[str, str]:
    """Browsers that know `frame-ancestors` ignore X-Frame-Options (https://www.w3.org/TR/CSP3/#directive-frame-ancestors)."""
    return {**PRIVATE, "Content-Security-Policy": frame_policy(origins)}
