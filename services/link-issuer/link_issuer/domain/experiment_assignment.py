"""Which variant of an experiment a person gets: always the same one, in the shares that the weights say."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from itertools import accumulate

from link_issuer.domain.link_spec import LinkSpec
from referral.events.content import Experiment, experiment_of, weights_of
from referral.events.program import Program

DecisionLookup = Callable[[str], str | None]
"""Returns the variant that an experiment was decided for, by its id; None while it runs."""


def undecided(experiment: str) -> None:
    """The look-up of a program none of whose experiments is decided."""


def variant_for(experiment: Experiment, person: str, decided: DecisionLookup) -> str:
    """Returns the call to action that a person gets from now on: the decided one if the experiment ends by its rule."""
    winner = decided(experiment.id) if experiment.automatic_end else None
    return winner if winner is not None and winner in experiment.variants else assigned_variant(experiment, person)


def assigned_variant(experiment: Experiment, person: str) -> str:
    """Returns the call to action for a person (by person id).

    A hash of experiment and person decides, so that nothing is stored, every process agrees, and who is in one variant of an
    experiment is in any variant of another one.
    """
    weights = weights_of(experiment)
    digest = blake2b(f"{experiment.id}\x1f{person}".encode(), digest_size=8, person=b"experiment").digest()
    point = int.from_bytes(digest, "big") % sum(weights)
    ends = accumulate(weights)
    return next(variant for variant, end in zip(experiment.variants, ends, strict=True) if point < end)


def with_assigned_variant(spec: LinkSpec, rules: Program, person: str, decided: DecisionLookup = undecided) -> LinkSpec:
    """Returns the spec of a person's link with the variant they get, if its content item has an experiment and it names none."""
    experiment = experiment_of(rules.content, spec.content) if spec.content and spec.cta is None else None
    return replace(spec, cta=variant_for(experiment, person, decided)) if experiment else spec
