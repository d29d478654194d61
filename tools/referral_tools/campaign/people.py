"""The people of the simulation, and which of them follow."""

from dataclasses import dataclass, field
from itertools import product

from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.seeded_random import SeededRandom

_FIRST = (
    "晚风",
    "小满",
    "柚子",
    "奶盐",
    "薄荷",
    "橘子",
    "月亮",
    "山茶",
    "桃桃",
    "鹿鹿",
    "Momo",
    "Yuki",
    "Nana",
    "Coco",
)
_SECOND = (
    "爱护肤",
    "不熬夜",
    "同学",
    "的日常",
    "酱",
    "小厨房",
    "在路上",
    "Glow",
    "今天早睡",
    "不脱妆",
    "种草机",
    "要发光",
)
_NAMES = tuple(f"{first}{second}" for second, first in product(_SECOND, _FIRST))


@dataclass(slots=True, eq=False)
class SimulatedPerson:
    """One simulated person: what they are known to have done so far."""

    number: int
    influence: float  # factor for the number of friends per share, 1 on average
    shares: bool
    following: bool = False
    followed_before: bool = False
    referral_count: bool = False  # the first follow came with evidence that counts
    followed_step: int = 0
    heard_step: int = 0
    known_by: int = 0  # the step by which all their facts have arrived
    enrolled: bool = False
    bought: bool = False
    code_spent: bool = False  # the welcome code was used for an order that the shop reported
    in_challenge: bool = False
    variants: dict[str, str] = field(
        default_factory=dict
    )  # the call to action that they see, by item with an experiment
    chains: dict[str, int] = field(default_factory=dict)  # the click by which they came to such an item

    @property
    def id(self) -> str:
        """The platform's id."""
        return f"xhs:u{self.number}"

    @property
    def name(self) -> str:
        """The name on a board."""
        turn, index = divmod(self.number, len(_NAMES))
        return f"{_NAMES[index]}{turn or ''}"


class Crowd:
    """All people; a follower is drawn at random in constant time."""

    def __init__(self, dice: SeededRandom, model: CampaignModel) -> None:
        self.everybody: list[SimulatedPerson] = []
        self.followers: list[SimulatedPerson] = []
        self.undecided: list[SimulatedPerson] = []  # know of the account, but do not follow
        self._dice = dice
        self._model = model

    def newcomer(self, *, by_friend: bool = False) -> SimulatedPerson:
        """A new person, who learns of the account by themselves or by a friend."""
        dice, model = self._dice, self._model
        sharers = model.sharers * (model.referred_sharers if by_friend else 1)
        person = SimulatedPerson(
            len(self.everybody) + 1, dice.spread(model.influence_spread), shares=dice.happens(sharers)
        )
        self.everybody.append(person)
        return person

    def add(self, person: SimulatedPerson, step: int) -> None:
        """Adds a follower."""
        person.following = person.followed_before = True
        person.followed_step = step
        self.followers.append(person)

    def remove(self, person: SimulatedPerson) -> None:
        """Removes a follower."""
        person.following = False
        self.followers.remove(person)
