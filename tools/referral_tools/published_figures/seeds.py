"""The same campaign with other seeds, without the services: how much of a figure is chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from referral.events.program import Program
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.offline_run import offline_person_id, run_offline
from referral_tools.campaign.simulation import Simulation
from referral_tools.oracle import Figures, Oracle

_SEEDS = range(1, 13)


@dataclass(frozen=True, slots=True)
class SeedResults:
    """Between which values 95 % of `count` seeds lie, by a normal distribution."""

    count: int
    followers: tuple[float, float]
    referral_share: tuple[float, float]
    posts: tuple[float, float]


def play_seeds(model: CampaignModel, program: Program, end: datetime, seeds: Sequence[int] = _SEEDS) -> SeedResults:
    """Plays the campaign with each seed."""
    found = [_figures(model, program, seed, end) for seed in seeds]
    return SeedResults(
        count=len(seeds),
        followers=_range([one.followers for one in found]),
        referral_share=_range([one.referred / (one.followers - model.base_followers) for one in found]),
        posts=_range([one.posts for one in found]),
    )


def followers_without_sharing(model: CampaignModel, program: Program, seed: int, end: datetime) -> int:
    """How many would follow in the end if no one shared anything."""
    return _figures(replace(model, share_probability=0.0), program, seed, end).followers


def _figures(model: CampaignModel, program: Program, seed: int, end: datetime) -> Figures:
    journal = run_offline(Simulation(model, program, seed, end).steps(), program.id)
    return Oracle(program, lambda person: offline_person_id(program.id, person)).facts(journal)


def _range(values: Sequence[float]) -> tuple[float, float]:
    n, total = len(values), sum(values)
    middle = total / n
    spread = 1.96 * (sum((one - middle) ** 2 for one in values) / max(n - 1, 1)) ** 0.5
    return middle - spread, middle + spread
