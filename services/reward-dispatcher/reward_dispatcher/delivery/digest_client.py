"""Reads the digest of a program from leaderboard, with a token that is made for the request."""

import httpx
import msgspec

from referral.events.deliveries import GrowthDigest
from referral.key_ring import KeyRing
from referral.pages.languages import Language
from referral.tokens import TokenSigner

TIMEOUT_S = 10.0
_TOKEN_MS = 60_000


class DigestUnavailable(Exception):
    """leaderboard does not answer, or not as expected; the message has the reason."""


class DigestText(msgspec.Struct, frozen=True):
    """The digest in words."""

    subject: str
    text: str


_decode = msgspec.json.Decoder(DigestText).decode


class DigestClient:
    """Thread-safe; blocks. Tests pass a `transport`."""

    def __init__(self, leaderboard: str, ring: KeyRing, transport: httpx.BaseTransport | None = None) -> None:
        self._url = f"{leaderboard.rstrip('/')}/v1/digest"
        self._signer = TokenSigner(ring)
        self._client = httpx.Client(timeout=TIMEOUT_S, transport=transport, trust_env=False)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def read(self, digest: GrowthDigest, language: Language, now_ms: int) -> DigestText:
        """Returns the digest as of now. Raises DigestUnavailable, within about ten seconds."""
        token = self._signer.sign_digest(digest.program, now_ms + _TOKEN_MS)
        days = {"from": digest.first.isoformat(), "to": digest.last.isoformat(), "lang": language}
        try:
            answer = self._client.get(self._url, params=days, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
            return _decode(answer.content)
        except httpx.HTTPStatusError as error:
            raise DigestUnavailable(f"leaderboard responded {error.response.status_code}") from None
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError) as error:
            raise DigestUnavailable(f"leaderboard: {type(error).__name__}") from None
