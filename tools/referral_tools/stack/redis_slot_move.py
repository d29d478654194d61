"""The move of a slot with its keys from one master of a Redis Cluster to another, while clients use them."""

from collections.abc import Sequence

from redis import Redis

from referral.redis_acls import OPERATOR
from referral_tools.stack.redis_cluster_node import ClusterNode
from referral_tools.stack.security import StackSecurity

_TIMEOUT_MS = 10_000
_KEYS_OF_A_STEP = 100


class SlotMove:
    """A move as `redis-cli --cluster reshard` makes it, step by step: `begin`, `move_keys` until it returns 0, `finish`.

    Between `begin` and `finish` the source redirects clients to the target (ASK) for keys that it does not have, and refuses
    commands whose keys are on both (TRYAGAIN). From `finish` on it redirects them for good (MOVED).
    """

    def __init__(
        self,
        slot: int,
        source: ClusterNode,
        target: ClusterNode,
        nodes: Sequence[ClusterNode],
        security: StackSecurity | None,
    ) -> None:
        self.slot = slot
        self.source = source
        self.target = target
        self._nodes = nodes
        self._security = security

    def run(self) -> None:
        """The whole move."""
        self.begin()
        while self.move_keys():
            pass
        self.finish()

    def begin(self) -> None:
        """Opens the slot on both sides."""
        _run(self.target.client, "CLUSTER SETSLOT", self.slot, "IMPORTING", self.source.view().own_id())
        _run(self.source.client, "CLUSTER SETSLOT", self.slot, "MIGRATING", self.target.view().own_id())

    def move_keys(self, count: int = _KEYS_OF_A_STEP) -> int:
        """Moves up to `count` keys. Returns how many."""
        keys = self.source.client.cluster("GETKEYSINSLOT", self.slot, count)
        if keys:
            self.move(*keys)
        return len(keys)

    def move(self, *keys: str) -> None:
        """Moves these keys."""
        host, _, port = self.target.address.rpartition(":")
        _run(self.source.client, "MIGRATE", host, port, "", 0, _TIMEOUT_MS, *self._credentials(), "KEYS", *keys)

    def finish(self) -> None:
        """Gives the slot to the target: it and the source must know first, so that no command is sent in a circle."""
        id = self.target.view().own_id()
        others = [node for node in self._nodes if node.port not in (self.target.port, self.source.port)]
        for node in (self.target, self.source, *others):
            if node.is_master():
                _run(node.client, "CLUSTER SETSLOT", self.slot, "NODE", id)

    def _credentials(self) -> tuple[str, ...]:
        return () if self._security is None else ("AUTH2", OPERATOR, self._security.redis_users[OPERATOR])


def _run(client: "Redis", *command: str | int) -> None:
    client.execute_command(*command)  # type: ignore[no-untyped-call]
