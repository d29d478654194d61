"""Follows that count for an experiment: those by the content item whose calls to action it compares.

They count for the person at the root of the chain: the referrer, or who stands above them as the evidence says. Of the friend it
is said that they were invited: no variant was drawn for them.
"""

from leaderboard.domain.credited_follow import CreditedFollow
from leaderboard.folds import state_keys
from leaderboard.folds.exposures import experiment_at
from referral.catalog.view import Catalog
from referral.events.attributions import ReferralAttributed, ReferralReversed
from referral.events.experiments import ExperimentFollowed, ExperimentInvited, ExperimentUnfollowed, experiment_line_key
from referral.events.timestamps import to_ms
from referral.fold.fold import Output
from referral.topics import STANDINGS


def credited_key(line: object) -> tuple[str, ...]:
    """The credit that a line may give or take: only evidence that names a content item gives one."""
    match line:
        case ReferralAttributed() if line.evidence.content:
            return (state_keys.credited_follow(line.program, line.id),)
        case ReferralReversed() if line.id and "attributed" in line.undoes:
            return (state_keys.credited_follow(line.program, line.id),)
        case _:
            return ()


def credit_change(
    line: ReferralAttributed | ReferralReversed, before: object, catalog: Catalog
) -> tuple[CreditedFollow | None, list[Output]] | None:
    """Returns what is credited from now on and the lines that say so; None if nothing changes."""
    match line:
        case ReferralAttributed():
            return _credit(line, catalog)
        case ReferralReversed() if isinstance(before, CreditedFollow) and line.id:
            gone = ExperimentUnfollowed(
                occurred_at=line.occurred_at,
                program=line.program,
                experiment=before.experiment,
                person=before.person,
                referral=line.id,
            )
            outputs = [Output(STANDINGS, gone, key=experiment_line_key(gone))]
            if line.reason == "corrected":  # who leaves was invited all the same
                outputs.append(_invitation(line, line.id, before.experiment, invited=False))
            return None, outputs
        case _:
            return None


def _credit(line: ReferralAttributed, catalog: Catalog) -> tuple[CreditedFollow, list[Output]] | None:
    evidence = line.evidence
    found = experiment_at(catalog, line.program, evidence.content or "", to_ms(line.followed_at))
    if found is None:
        return None
    credited = CreditedFollow(found.id, evidence.root or line.referrer)
    follow = ExperimentFollowed(
        occurred_at=line.occurred_at,
        program=line.program,
        experiment=found.id,
        person=credited.person,
        referral=line.id,
        followed_at=line.followed_at,
        variant=evidence.cta,
    )
    return credited, [Output(STANDINGS, follow, key=experiment_line_key(follow)), _invitation(line, line.id, found.id)]


def _invitation(
    line: ReferralAttributed | ReferralReversed, referral: str, experiment: str, *, invited: bool = True
) -> Output:
    out = ExperimentInvited(
        occurred_at=line.occurred_at,
        program=line.program,
        experiment=experiment,
        person=line.person,
        referral=referral,
        invited=invited,
    )
    return Output(STANDINGS, out, key=experiment_line_key(out))
