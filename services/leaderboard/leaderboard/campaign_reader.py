"""Reads the tree of a whole campaign, for its page, its picture and its film."""

from dataclasses import dataclass

from leaderboard.board_store import BoardStore, board_name
from leaderboard.domain.campaign_network import campaign_network
from leaderboard.domain.radial_tree import MAX_PEOPLE, TreeNode, radial_tree
from leaderboard.network_store import NetworkStore

MAX_REFERRERS = 1_000
"""With so many of the best referrers, of followers and of partners each, the picture begins."""


@dataclass(frozen=True, slots=True)
class CampaignTree:
    """The nodes of a campaign, ring by ring. `truncated`: it has more people."""

    nodes: list[TreeNode]
    truncated: bool


class CampaignReader:
    """Thread-safe. Raises redis's errors if Redis is unavailable."""

    def __init__(self, boards: BoardStore, network: NetworkStore) -> None:
        self._boards, self._network = boards, network

    def read(self, program: str) -> CampaignTree:
        """Returns the tree of a program."""
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
