"""The parts of a wallet that other services answer: friends, the place on the board, posts in challenges.

Each within a second, or not at all.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import httpx
import msgspec
import structlog

from referral.events.facts import RefusalReason
from referral.events.screening import ScreeningReason
from referral.http.responses import Timestamp

PostState = Literal["counts", "checking", "refused", "removed", "unverified"]
FriendState = Literal["counts", "checking", "rejected"]
_TIMEOUT_S = 1.0
_THREADS = 16
Part = TypeVar("Part")
log = structlog.get_logger()


class Friend(msgspec.Struct, frozen=True):
    """A friend as conversion-tracker describes them to the referrer: a hint at their name, and whether they count."""

    id: str
    name: str | None
    since: Timestamp
    state: FriendState
    reasons: Sequence[ScreeningReason]
    appealed: bool
    may_appeal: bool


class Friends(msgspec.Struct, frozen=True):
    """The newest friends, and how many there are in all."""

    items: Sequence[Friend]
    total: int


class BoardPlace(msgspec.Struct, frozen=True):
    """The place on the board of all time: `rank` is None without a friend who counts; `today` is today's friends."""

    rank: int | None
    score: int
    total: int
    today: int


class OwnPost(msgspec.Struct, frozen=True):
    """A post in a challenge as leaderboard describes it to its author."""

    challenge: str
    hashtag: str
    post: str
    text: str | None
    state: PostState
    reason: RefusalReason | None
    appealed: bool
    may_appeal: bool


class OwnPosts(msgspec.Struct, frozen=True):
    """The newest posts in challenges, and how many there are in all."""

    items: Sequence[OwnPost]
    total: int


class WalletParts(msgspec.Struct, frozen=True):
    """What was answered in time; None for a part that was not."""

    friends: Friends | None
    place: BoardPlace | None
    posts: OwnPosts | None = None


class WalletPartsClient:
    """Reads the parts at the same time. Thread-safe. Tests pass a `transport`."""

    def __init__(self, conversion_tracker: str, leaderboard: str, transport: httpx.BaseTransport | None = None) -> None:
        self._friends_url = f"{conversion_tracker.rstrip('/')}/v1/wallet/friends"
        self._place_url = f"{leaderboard.rstrip('/')}/v1/wallet/place"
        self._posts_url = f"{leaderboard.rstrip('/')}/v1/wallet/posts"
        self._client = httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False)
        self._threads = ThreadPoolExecutor(_THREADS, "wallet-parts")

    def read(self, session: str) -> WalletParts:
        """Returns the parts of the wallet that a session opens. Never raises."""
        friends = self._threads.submit(self._get, self._friends_url, session, _decode_friends)
        place = self._threads.submit(self._get, self._place_url, session, _decode_place)
        posts = self._threads.submit(self._get, self._posts_url, session, _decode_posts)
        return WalletParts(friends.result(), place.result(), posts.result())

    def _get(self, url: str, session: str, decode: Callable[[bytes], Part]) -> Part | None:
        try:
            answer = self._client.get(url, headers={"Authorization": f"Bearer {session}"})
            answer.raise_for_status()
            return decode(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError) as error:
            log.warning("part of a wallet missing", url=url, reason=f"{type(error).__name__}: {error}"[:200])
            return None

    def close(self) -> None:
        """Closes the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()


_decode_friends = msgspec.json.Decoder(Friends).decode
_decode_posts = msgspec.json.Decoder(OwnPosts).decode
_decode_place = msgspec.json.Decoder(BoardPlace).decode
