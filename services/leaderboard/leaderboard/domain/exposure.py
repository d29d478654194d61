"""What a person saw and shared of a content item whose calls to action are compared, in their window.

The window begins with the first impression of one of the variants and lasts as long as the experiment says. What is measured is a
function of the set of events, whatever their order.
"""

from bisect import insort

from msgspec import Struct
from msgspec.structs import replace

MAX_EVENTS = 500
"""How many impressions and how many shares of a person count. More are left out, which bounds the state."""


class Exposure(Struct, frozen=True, array_like=True, tag="exposure"):
    """A person's impressions (second, variant) and shares (second) of an item, in order, for one experiment.

    `is_measured`: the window was over before, and was measured. `is_closed`: events are too late now, and were dropped.
    """

    experiment: str
    shown: tuple[tuple[int, str], ...] = ()
    shares: tuple[int, ...] = ()
    is_measured: bool = False
    is_closed: bool = False

    @property
    def start_s(self) -> int | None:
        """When the window begins: the first impression (seconds since the epoch); None before it."""
        return self.shown[0][0] if self.shown else None

    def with_impression(self, second: int, variant: str) -> "Exposure":
        """Returns the exposure with one more impression; unchanged if it is closed or full."""
        if self.is_closed or len(self.shown) >= MAX_EVENTS:
            return self
        shown = list(self.shown)
        insort(shown, (second, variant))
        return replace(self, shown=tuple(shown))

    def with_share(self, second: int) -> "Exposure":
        """Returns the exposure with one more share; unchanged if it is closed or full."""
        if self.is_closed or len(self.shares) >= MAX_EVENTS:
            return self
        shares = list(self.shares)
        insort(shares, second)
        return replace(self, shares=tuple(shares))


class Measured(Struct, frozen=True, array_like=True):
    """What was measured of a person: the variant of the first impression, and what happened from `start_s` to before `end_s`.

    `variants` is how many different ones they saw.
    """

    variant: str
    start_s: int
    end_s: int
    shown: int
    shares: int
    variants: int


def measure(exposure: Exposure, window_s: int) -> Measured | None:
    """Returns what happened in the window of `window_s` seconds; None without an impression."""
    start_s = exposure.start_s
    if start_s is None:
        return None
    end_s = start_s + window_s
    variants = [variant for second, variant in exposure.shown if second < end_s]
    shares = sum(start_s <= second < end_s for second in exposure.shares)
    return Measured(variants[0], start_s, end_s, len(variants), shares, len(set(variants)))
