"""The nodes of a cluster: a client for each, and the map of slots, read again from any node when it proves wrong."""

import random
import time
from collections.abc import Callable
from threading import Lock

from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import TimeoutError as RedisTimeoutError

from referral.redis_cluster.cluster_url import Address
from referral.redis_cluster.replies import UNREACHABLE, SlotUnavailable
from referral.redis_cluster.slot_map import SlotMap

_REFRESH_INTERVAL_S = 0.1  # at most so often is the map read again


class ClusterNodes:
    """Thread-safe. `connect` creates the client of one node; `seeds` are the nodes that are known at the beginning."""

    def __init__(self, seeds: tuple[Address, ...], connect: Callable[[Address], "Redis"]) -> None:
        self._seeds = seeds
        self._connect = connect
        self._clients: dict[Address, Redis] = {}
        self._reading = Lock()
        self._map: SlotMap | None = None
        self._is_stale = True
        self._read_at = float("-inf")
        self._doubtful: set[Address] = set()  # they did not respond since the map was read
        self._informed: Address | None = None  # a node that knows of the last change

    def client(self, address: Address) -> "Redis":
        """The client of a node."""
        found = self._clients.get(address)
        return found if found is not None else self._clients.setdefault(address, self._connect(address))

    def slot_map(self, deadline: float) -> SlotMap:
        """The map; if it has proved wrong, one thread reads it again first, while the others go on with the last one.

        Raises the last error if no node responds and there is no map yet; no further node is tried after `deadline`.
        """
        last = self._map
        if last is None:
            return self._first_map(deadline)
        is_due = self._is_stale and time.monotonic() - self._read_at > _REFRESH_INTERVAL_S
        if not is_due or not self._reading.acquire(blocking=False):
            return last
        try:
            return self._read(deadline)
        except UNREACHABLE:
            if time.monotonic() > deadline:
                raise
            return last
        finally:
            self._reading.release()

    def current_map(self, deadline: float) -> SlotMap:
        """The map, read now. Raises the last error if no node responds."""
        with self._reading:
            return self._read(deadline)

    def doubt(self, address: Address | None) -> None:
        """Has the map read again soon, from another node than this one, which does not respond or serve; None: no node serves."""
        if address is not None:
            self._doubtful.add(address)
        self._is_stale = True

    def correct(self, slot: int, owner: Address) -> None:
        """Corrects the master of a slot, and has the map read again soon, from that master."""
        if self._map is not None:
            self._map.move(slot, owner)
        self._informed = owner
        self._is_stale = True

    def close(self) -> None:
        """Closes all connections."""
        for client in list(self._clients.values()):
            client.close()

    def _first_map(self, deadline: float) -> SlotMap:
        """One thread reads it, the others wait for that, but not beyond the deadline."""
        if not self._reading.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise RedisTimeoutError("no node has reported the slots of the cluster yet")
        try:
            return self._map or self._read(deadline)
        finally:
            self._reading.release()

    def _read(self, deadline: float) -> SlotMap:
        self._read_at = time.monotonic()
        for address in self._candidates():
            try:
                found = SlotMap.parse(self.client(address).execute_command("CLUSTER SLOTS"), address)  # type: ignore[no-untyped-call]
                return self._adopt(found)
            except AuthenticationError:
                raise
            except UNREACHABLE as error:
                self._doubtful.add(address)
                last = error
            if time.monotonic() > deadline:
                break
        raise last

    def _candidates(self) -> list[Address]:
        """The nodes to read the map from: the one that knows most first, those that may not respond last."""
        known = dict.fromkeys((*(self._map.nodes() if self._map is not None else ()), *self._seeds))
        order = random.SystemRandom().sample(list(known), len(known))
        return sorted(order, key=lambda address: (address in self._doubtful, address != self._informed))

    def _adopt(self, found: SlotMap) -> SlotMap:
        """Makes a map the current one. Raises SlotUnavailable if it has no masters: the node belongs to no cluster yet."""
        if not found.masters():
            raise SlotUnavailable("the node serves no slots and knows no other that does")
        self._map, self._informed, self._is_stale = found, None, False
        self._doubtful.clear()
        for address in self._clients.keys() - {*found.nodes(), *self._seeds}:
            self._clients.pop(address).connection_pool.disconnect(inuse_connections=False)
        return found
