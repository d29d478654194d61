"""The endpoints of a worker's partitions as it knows them: which must be looked at now, which later, and what is on its way."""

import heapq
from dataclasses import dataclass, field

from reward_dispatcher.delivery.lanes import EndpointLane

_MOST_ON_THE_WAY = 128


@dataclass(slots=True, eq=False)
class Endpoint:
    """An endpoint. `on_the_way`: messages of which an attempt runs (None), or has its line at this offset of `deliveries`.

    A message leaves it once the fold has that line. `folded_from` is the offset that the fold must have reached for what is read to
    be new; `look_at_ms` when the endpoint is next looked at; `oldest_ms` when its oldest waiting message was scheduled.
    """

    webhook: str
    partition: int
    lane: EndpointLane | None = None
    on_the_way: dict[str, int | None] = field(default_factory=dict)
    folded_from: int = -1
    look_at_ms: float | None = None
    oldest_ms: float | None = None
    disabled: bool = False

    def take_progress(self, folded: int) -> bool:
        """Forgets the messages whose attempts are folded. Returns whether others are written, but not folded yet."""
        written = {message: offset for message, offset in self.on_the_way.items() if offset is not None}
        for message, offset in written.items():
            if offset <= folded:
                del self.on_the_way[message]
        return folded < max([self.folded_from, *written.values()])

    def room(self) -> int:
        """How many more messages may be on the way."""
        return max(0, _MOST_ON_THE_WAY - len(self.on_the_way))


class EndpointQueue:
    """Which endpoints must be looked at, in the order in which they came, and when the others must."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self._now: dict[str, None] = {}
        self._later: list[tuple[float, str]] = []

    def find(self, webhook: str, partition: int) -> Endpoint:
        """Returns the endpoint; a new one if it was not known."""
        endpoint = self.endpoints.get(webhook)
        if endpoint is None:
            endpoint = self.endpoints[webhook] = Endpoint(webhook, partition)
        return endpoint

    def look_now(self, endpoint: Endpoint) -> None:
        """The endpoint must be looked at in the next round. One that was dropped is not."""
        if self.endpoints.get(endpoint.webhook) is endpoint:
            self._now[endpoint.webhook] = None

    def look_at(self, endpoint: Endpoint, at_ms: float | None) -> None:
        """The endpoint must be looked at from this time on; None: not before something happens."""
        if at_ms is not None and at_ms != endpoint.look_at_ms:
            heapq.heappush(self._later, (at_ms, endpoint.webhook))
        endpoint.look_at_ms = at_ms

    def waiting(self, now_ms: int) -> list[Endpoint]:
        """Returns the endpoints that must be looked at, those that came first first. They stay until `take`."""
        while self._later and self._later[0][0] <= now_ms:
            at_ms, webhook = heapq.heappop(self._later)
            endpoint = self.endpoints.get(webhook)
            if endpoint is not None and endpoint.look_at_ms == at_ms:
                endpoint.look_at_ms = None
                self._now[webhook] = None
        return [self.endpoints[webhook] for webhook in self._now]

    def is_waiting(self, endpoint: Endpoint) -> bool:
        """Whether the endpoint must be looked at in the next round."""
        return endpoint.webhook in self._now

    def take(self, endpoint: Endpoint) -> None:
        """The endpoint is looked at now."""
        self._now.pop(endpoint.webhook, None)

    def drop(self, webhook: str) -> None:
        """Forgets an endpoint: nothing waits for it, or its partition is another worker's."""
        self.endpoints.pop(webhook, None)
        self._now.pop(webhook, None)
