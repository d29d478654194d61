"""How many attempts run at the same time: few to a receiver that fails, and none of its places are those of receivers that respond.

Each endpoint is in one of three lanes, each with places of its own. An endpoint whose attempt has no answer after two seconds
leaves the fast lane at once, with all its attempts: from then on they take none of its places. So receivers that stop answering
hold the places of others for two seconds at most, once.
"""

from dataclasses import dataclass, field
from typing import Literal

from reward_dispatcher.domain.endpoint_health import EndpointHealth

Lane = Literal["fast", "slow", "failing"]
SLOW_AFTER_S = 2.0
FAILING_AFTER = 5  # failed attempts in a row


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """Attempts at the same time: of the lane, of one endpoint that has had a success since the start, of any other."""

    lane: int
    proven: int
    unproven: int


LIMITS: dict[Lane, LaneLimits] = {
    "fast": LaneLimits(512, 64, 64),
    "slow": LaneLimits(512, 16, 4),
    "failing": LaneLimits(128, 8, 8),
}
MOST_OF_AN_ENDPOINT = max(limits.proven for limits in LIMITS.values())


@dataclass(slots=True)
class EndpointLane:
    """The lane of an endpoint, and its attempts that run. Times are seconds of a clock that only moves forward."""

    lane: Lane = "slow"
    failures: int = 0
    proven: bool = False
    started: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, health: EndpointHealth) -> "EndpointLane":
        """Returns the lane in which an endpoint begins: as it was when it was last tried."""
        proven = health.last_success_ms is not None and health.failures == 0
        lane: Lane = "fast" if proven else "failing" if health.failures >= FAILING_AFTER else "slow"
        return cls(lane, health.failures, proven)


class Lanes:
    """The attempts that run in each lane; belongs to one event loop."""

    def __init__(self) -> None:
        self.running: dict[Lane, int] = dict.fromkeys(LIMITS, 0)

    def may_start(self, endpoint: EndpointLane) -> bool:
        """Whether another attempt may start. An endpoint that does not fail may always have one, so that it can prove itself."""
        if not self.room(endpoint):
            return False
        has_place = self.running[endpoint.lane] < LIMITS[endpoint.lane].lane
        return has_place or (not endpoint.started and endpoint.lane != "failing")

    def room(self, endpoint: EndpointLane) -> int:
        """How many attempts of the endpoint may start at most; the lane may have fewer places."""
        limits = LIMITS[endpoint.lane]
        return max(0, (limits.proven if endpoint.proven else limits.unproven) - len(endpoint.started))

    def start(self, endpoint: EndpointLane, message: str, now_s: float) -> None:
        """An attempt begins."""
        endpoint.started[message] = now_s
        self.running[endpoint.lane] += 1

    def finish(self, endpoint: EndpointLane, message: str) -> None:
        """An attempt has ended, or was given up."""
        del endpoint.started[message]
        self.running[endpoint.lane] -= 1

    def record(self, endpoint: EndpointLane, *, succeeded: bool, seconds: float) -> None:
        """Moves an endpoint to the lane that its last attempt shows: whether it succeeded, and how long it took."""
        endpoint.failures = 0 if succeeded else endpoint.failures + 1
        endpoint.proven = succeeded or (endpoint.proven and endpoint.failures < FAILING_AFTER)
        if endpoint.failures >= FAILING_AFTER:
            self._move(endpoint, "failing")
        elif succeeded and seconds < SLOW_AFTER_S:
            self._move(endpoint, "fast")
        else:
            self._move(endpoint, "slow")

    def move_if_slow(self, endpoint: EndpointLane, now_s: float) -> None:
        """Moves an endpoint out of the fast lane if one of its attempts has no answer for two seconds."""
        oldest = next(iter(endpoint.started.values()), now_s)  # they are in the order of their start
        if endpoint.lane == "fast" and now_s - oldest >= SLOW_AFTER_S:
            self._move(endpoint, "slow")

    def _move(self, endpoint: EndpointLane, lane: Lane) -> None:
        self.running[endpoint.lane] -= len(endpoint.started)
        endpoint.lane = lane
        self.running[lane] += len(endpoint.started)
