"""Reads the tree of a whole campaign for its page, its picture and its film: once for all that ask within some seconds."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from leaderboard.board_store import BoardStore, board_name
from leaderboard.domain.campaign_network import campaign_network
from leaderboard.domain.radial_tree import MAX_PEOPLE, TreeNode, radial_tree
from leaderboard.network_store import NetworkStore

MAX_REFERRERS = 1_000
"""With so many of the best referrers, of followers and of partners each, the picture begins."""
_KEEP_S = 10.0
_KEPT_PROGRAMS = 20


@dataclass(frozen=True, slots=True)
class CampaignTree:
    """The nodes of a campaign, ring by ring. `truncated`: it has more people."""

    nodes: list[TreeNode]
    truncated: bool


class CampaignReader:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, boards: BoardStore, network: NetworkStore) -> None:
        self._boards, self._network = boards, network
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, CampaignTree]] = OrderedDict()

    def read(self, program: str) -> CampaignTree:
        """Returns the tree of a program, as of some seconds ago at most."""
        with self._lock:
            kept = self._kept.get(program)
            if kept is not None and time.monotonic() - kept[0] < _KEEP_S:
                return kept[1]
        tree = self._read(program)
        with self._lock:
            self._kept[program] = (time.monotonic(), tree)
            self._kept.move_to_end(program)
            while len(self._kept) > _KEPT_PROGRAMS:
                self._kept.popitem(last=False)
        return tree

    def _read(self, program: str) -> CampaignTree:
        tops = [
            self._boards.top(board_name(program, "referrals", "all", "follower"), MAX_REFERRERS),
            self._boards.top(board_name(program, "referrals", "all", "partner"), MAX_REFERRERS),
        ]
        referrers = [one.entry.participant for top in tops for one in top.entries]
        network = campaign_network(
            referrers, lambda people, most: self._network.timed_referees_of(program, people, most), MAX_PEOPLE
        )
        is_whole = all(top.total <= MAX_REFERRERS for top in tops)
        return CampaignTree(radial_tree(network.people), network.truncated or not is_whole)
