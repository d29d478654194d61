"""What other services know about a person who talks to a WeChat account: their code and link, their friends, their poster.

Each service answers for the person whose wallet session a request has; a session for this is made here, and is valid for a minute.
"""

from typing import TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from referral.events.ids import derive_id
from referral.key_ring import KeyRing
from referral.tokens import TokenSigner, WalletToken
from referral.wechat.account_replies import Promoter

_SESSION_MS = 60_000
Decoded = TypeVar("Decoded")
_MAX_PICTURE = 2 * 1024 * 1024  # WeChat takes pictures of up to 10 MB; a poster has about 100 KB


def time_outs_within(timeout_s: float) -> httpx.Timeout:
    """Time-outs of the steps of a request, this many seconds together. httpx has none for the whole: an answer that comes in many
    parts may take longer, as each part has the time of the last step.
    """
    return httpx.Timeout(pool=0.1 * timeout_s, connect=0.2 * timeout_s, write=0.1 * timeout_s, read=0.6 * timeout_s)


class PromoterUnknown(Exception):
    """A service did not answer in time, or not as expected."""


class _Place(msgspec.Struct, frozen=True):
    score: int


class PromoterClient:
    """Thread-safe; methods block for `timeout_s`, longer only while an answer comes in parts, and raise PromoterUnknown.

    Tests pass a `transport`.
    """

    def __init__(
        self, link_issuer: str, leaderboard: str, ring: KeyRing, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._link_issuer, self._leaderboard = link_issuer.rstrip("/"), leaderboard.rstrip("/")
        self._signer = TokenSigner(ring)
        self._client = httpx.Client(transport=transport, trust_env=False)

    def enrol(self, program: str, person: str, now_ms: int, timeout_s: float) -> Promoter:
        """Returns the person as a participant; enrols them if they are none yet."""
        url = f"{self._link_issuer}/v1/wallet/participant"
        return self._decode(self._request("POST", url, self._session(program, person, now_ms), timeout_s), Promoter)

    def friends(self, program: str, person: str, now_ms: int, timeout_s: float) -> int:
        """Returns how many friends count."""
        url = f"{self._leaderboard}/v1/wallet/place"
        answer = self._request("GET", url, self._session(program, person, now_ms), timeout_s)
        return self._decode(answer, _Place).score

    def poster(self, program: str, person: str, address: str, now_ms: int, timeout_s: float) -> bytes:
        """Returns the person's poster as a PNG, with a QR code of this content."""
        url = f"{self._link_issuer}/v1/wallet/poster.png?{urlencode({'address': address})}"
        return self._request("GET", url, self._session(program, person, now_ms), timeout_s)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _session(self, program: str, person: str, now_ms: int) -> str:
        expires_ms = now_ms + _SESSION_MS
        token = WalletToken(derive_id("wlt", "wechat", person), program, person, now_ms, expires_ms, expires_ms)
        return self._signer.sign_wallet("wallet-open", token)

    def _request(self, method: str, url: str, session: str, timeout_s: float) -> bytes:
        if timeout_s <= 0:
            raise PromoterUnknown("no time is left")
        try:
            headers = {"Authorization": f"Bearer {session}"}
            answer = self._client.request(method, url, headers=headers, timeout=time_outs_within(timeout_s))
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise PromoterUnknown(f"{url.partition('?')[0]}: {type(error).__name__}") from None
        if len(answer.content) > _MAX_PICTURE:
            raise PromoterUnknown("the answer is too long")
        return answer.content

    def _decode(self, answer: bytes, type_: type[Decoded]) -> Decoded:
        try:
            return msgspec.json.decode(answer, type=type_)
        except msgspec.MsgspecError as error:
            raise PromoterUnknown(f"unexpected answer ({error})"[:200]) from None
