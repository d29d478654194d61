"""What screening remembers of a referrer: the newest of those they brought, bounded."""

from msgspec import Struct
from msgspec.structs import replace

MAX_RECENT = 128


class Brought(Struct, frozen=True, array_like=True, gc=False):
    """Somebody the referrer brought, and when that qualified (ms)."""

    at: int
    person: str
    device: str | None = None


class Referrer(Struct, frozen=True, array_like=True, tag="referrer", gc=False):
    """A referrer as screening knows them; `recent` is sorted by (moment, person), each person once.

    `circled` are those of their referrals that close a circle of edges.
    """

    recent: tuple[Brought, ...] = ()
    circled: tuple[str, ...] = ()

    def with_(self, brought: Brought) -> "Referrer":
        """The referrer after one more was brought."""
        others = [one for one in self.recent if one.person != brought.person]
        newest = sorted([*others, brought], key=lambda one: (one.at, one.person))[-MAX_RECENT:]
        return replace(self, recent=tuple(newest))

    def circling(self, referral: str) -> "Referrer":
        """The referrer after one of their referrals closed a circle."""
        return replace(self, circled=(*self.not_circling(referral).circled, referral))

    def not_circling(self, referral: str) -> "Referrer":
        """The referrer after that circle opened."""
        return replace(self, circled=tuple(one for one in self.circled if one != referral))


UNKNOWN = Referrer()
"""A referrer who has brought nobody yet."""
