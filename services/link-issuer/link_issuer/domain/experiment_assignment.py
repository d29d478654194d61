"""Which variant of an experiment a person gets: always the same one, in the shares that the weights say."""

from dataclasses import replace
from hashlib import blake2b
from itertools import accumulate

from link_issuer.domain.link_spec import LinkSpec
from referral.events.content import Experiment, experiment_of, weights_of
from referral.events.program import Program


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


def with_assigned_variant(spec: LinkSpec, rules: Program, person: str) -> LinkSpec:
    """Returns the spec of a person's link with the variant they get, if its content item has an experiment and it names none."""
    experiment = experiment_of(rules.content, spec.content) if spec.content and spec.cta is None else None
    return replace(spec, cta=assigned_variant(experiment, person)) if experiment else spec
