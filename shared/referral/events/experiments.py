"""What experiments count and decide, in `referral.standings`.

What is counted of a person is keyed by program and person; sums and decisions by program and experiment.
"""

from typing import Annotated, assert_never

from msgspec import Meta, Struct

from referral.events.content import MAX_CTAS, ExperimentMetric
from referral.events.keys import experiment_key, person_key
from referral.events.line import Derived, Id, PersonId, Timestamp

MAX_EXPERIMENTS = 1_000
"""Of all versions of a program: those beyond it are not corrected by a ban."""
Sums = Annotated[tuple[int, int, int, int, int, int], Meta(description="n, Σx, Σy, Σx², Σy², Σxy; y are impressions")]


class ExperimentEvent(Derived, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something about an experiment of the program."""

    experiment: Id


class ExperimentMeasured(ExperimentEvent, frozen=True, kw_only=True, tag="experiment.measured"):
    """What a person saw and shared of an experiment's content item in their window, which is over. A later line replaces it.

    `variant` is that of the first impression, `variants` how many different ones they saw.
    """

    person: PersonId
    variant: Id
    window_start: Timestamp
    window_end: Timestamp
    shown: int
    shares: int
    variants: int = 1


class ExperimentFollowed(ExperimentEvent, frozen=True, kw_only=True, omit_defaults=True, tag="experiment.followed"):
    """A friend followed through the experiment's content item; `person` is at the root of the chain that led to it.

    `variant` is that of the link by which the friend came, if it has one.
    """

    person: PersonId
    referral: Id
    followed_at: Timestamp
    variant: Id | None = None


class ExperimentUnfollowed(ExperimentEvent, frozen=True, kw_only=True, tag="experiment.unfollowed"):
    """The follow of a referral no longer counts for the experiment."""

    person: PersonId
    referral: Id


class ExperimentInvited(ExperimentEvent, frozen=True, kw_only=True, omit_defaults=True, tag="experiment.invited"):
    """A person followed through the experiment's content item: they see the variant of their chain, and none was drawn for them.

    With `invited` false a correction says that they did not. Who unfollows was invited all the same.
    """

    person: PersonId
    referral: Id
    invited: bool = True


class ExperimentPersonBanned(Derived, frozen=True, kw_only=True, omit_defaults=True, tag="experiment.person_banned"):
    """A person is banned, or no longer (`banned` false): nothing of theirs is in the sums of `experiments` while they are.

    `experiments` are all of the program so far.
    """

    person: PersonId
    experiments: Annotated[tuple[Id, ...], Meta(max_length=MAX_EXPERIMENTS)]
    banned: bool = True


class VariantTotals(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The sums of a variant over people whose window is over: of follows and of shares, each with impressions.

    `multiple` of these people saw another variant as well; for `mixed`, a friend came by a link with another variant; `roots` of
    them were not brought by a friend through the content item.
    """

    variant: Id
    follows: Sums
    shares: Sums
    multiple: int = 0
    mixed: int = 0
    roots: int = 0


class ExperimentSummed(ExperimentEvent, frozen=True, kw_only=True, tag="experiment.summed"):
    """The sums of an experiment in one partition, at most one line a day; `since` is its earliest impression there."""

    partition: int
    since: Timestamp
    variants: Annotated[tuple[VariantTotals, ...], Meta(max_length=MAX_CTAS)]


class ExperimentDecided(ExperimentEvent, frozen=True, kw_only=True, tag="experiment.decided"):
    """The experiment has ended by its rule: `variant` is better than each other one.

    `uplift`, `low` and `high` compare it with the next best: 0.5 is 50% more.
    """

    metric: ExperimentMetric
    variant: Id
    uplift: float
    low: float
    high: float
    people: int


ExperimentOfPerson = (
    ExperimentMeasured | ExperimentFollowed | ExperimentUnfollowed | ExperimentInvited | ExperimentPersonBanned
)
ExperimentOfAll = ExperimentSummed | ExperimentDecided
ExperimentLine = ExperimentOfPerson | ExperimentOfAll


def experiment_line_key(line: ExperimentLine) -> str:
    """The key of the person that it is about; of sums and decisions, of the experiment."""
    match line:
        case (
            ExperimentMeasured()
            | ExperimentFollowed()
            | ExperimentUnfollowed()
            | ExperimentInvited()
            | ExperimentPersonBanned()
        ):
            return person_key(line.program, line.person)
        case ExperimentSummed() | ExperimentDecided():
            return experiment_key(line.program, line.experiment)
        case _:
            assert_never(line)
