"""The page of the network: its figures, and the tables beside the picture."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.campaign_reader import CampaignTree
from leaderboard.domain.network import Network, NetworkPerson
from leaderboard.domain.radial_tree import TreeNode
from leaderboard.pages.growth_cards import number, percent
from referral.events.program import Program
from referral.http.context import context
from referral.pages.languages import gettext
from referral.people.known_people import known_people

MAX_BRANCHES = 20


@dataclass(frozen=True, slots=True)
class RingRow:
    """A degree: how many people there are, and how many of them are referrers."""

    degree: int
    people: str
    referrers: str


@dataclass(frozen=True, slots=True)
class BranchRow:
    """A person with many below them: their name and id, their friends, and all below."""

    name: str
    person: str
    degree: int
    friends: str
    below: str


@dataclass(frozen=True, slots=True)
class NetworkView:
    """What the page shows. Shares and multiples are dashes without anyone."""

    program: Program
    people: str
    chains: str
    reach: str
    top_share: str
    deepest: int
    truncated: bool
    is_empty: bool
    rings: list[RingRow]
    branches: list[BranchRow]


def network_view(program: Program, tree: CampaignTree, *, all_names: bool) -> NetworkView:
    """Returns the page's content; names as on the growth page."""
    nodes = tree.nodes
    brought = [node for node in nodes if node.parent >= 0]
    figures = Network(
        [NetworkPerson(node.person, nodes[node.parent].person, node.degree - 1, node.children) for node in brought],
        tree.truncated,
    )
    reach, top = figures.reach_multiple, figures.top_tenth_share
    return NetworkView(
        program=program,
        people=number(len(brought)),
        chains=number(sum(node.parent < 0 for node in nodes)),
        reach="–" if reach is None else gettext("×%(times)s", times=number(reach, "#,##0.0")),
        top_share="–" if top is None else percent(top),
        deepest=max((node.degree - 1 for node in nodes), default=0),
        truncated=tree.truncated,
        is_empty=not brought,
        rings=_rings(nodes),
        branches=_branches(nodes, all_names=all_names),
    )


def _rings(nodes: Sequence[TreeNode]) -> list[RingRow]:
    """The degrees, from those who began chains (0) on."""
    people = Counter(node.degree for node in nodes)
    referrers = Counter(node.degree for node in nodes if node.children)
    return [RingRow(degree - 1, number(people[degree]), number(referrers[degree])) for degree in sorted(people)]


def _branches(nodes: Sequence[TreeNode], *, all_names: bool) -> list[BranchRow]:
    below = [0] * len(nodes)
    for index in range(len(nodes) - 1, -1, -1):
        parent = nodes[index].parent
        if parent >= 0:
            below[parent] += below[index] + 1
    largest = sorted(range(len(nodes)), key=lambda index: -below[index])[:MAX_BRANCHES]
    shown = [index for index in largest if below[index]]
    known = known_people([nodes[index].person for index in shown], context().people.snapshot())
    rows = []
    for index in shown:
        node = nodes[index]
        person = known[node.person]
        name = person and (person.public_name or (all_names and (person.display_name or person.external_id)))
        rows.append(
            BranchRow(
                name or gettext("A promoter"), node.person, node.degree - 1, number(node.children), number(below[index])
            )
        )
    return rows
