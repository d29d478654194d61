"""The page docs/published-figures.md."""

from collections.abc import Sequence
from datetime import date

from referral_tools.published_figures.claim import Claim, Measured, Unit, text

_HEAD = """# Published figures

<!-- Made by `referral figures`; change tools/referral_tools/published_figures, and run it again. -->

Articles about referral growth name figures. Here each is beside what a simulated campaign of 60 days measured **through
this system**: its facts went through the public API, and the values were read from it. A simulation cannot confirm such a
claim: what goes in by assumption comes out again. It shows that the system measures what happened, exactly, and how certain a
figure of this size would be. The table names for each claim what was assumed; where the measured value is an echo of an
assumption, that is marked. A claim that is not reproduced is listed as such.

`referral figures` makes this page again: seed {seed}, last day {last_day}. It changes if simulation or system
change. An independent oracle recomputed {checked:,} values of insights{agree}.

| claim | published | measured | 95% interval | n | |
|---|---|---|---|---|---|
"""
_SECTION = """
## How each was measured

| claim | measured as | the simulation assumes | the system alone computes |
|---|---|---|---|
"""
_END = """
## What the simulation assumes

All parameters are in [campaign/model.py](../tools/referral_tools/campaign/model.py), each with its meaning; [the
demo](demo.md) describes what is played. Totals are no parameters: how many follow, share, bring friends or stay results from what
people see and do. But rates were chosen so that the mean over many seeds is near the published case study, so its figures are
no evidence for it.

The interval of a call to action is a [confidence sequence](experiments.md#how-it-is-computed), wider than that of a single
look. Those of insights are in [insights](insights.md#how-intervals-are-computed). Other quotients have the interval of their
logarithm: of two shares by Katz et al. (1978), of two totals by the delta method over people, of two lengths of stay as the
quotient of two Poisson rates.

Two parameters come from the literature. How unequal influence is: the number of friends on Facebook has a median of 99 and a
mean of 190, so σ = √(2 ln(190 / 99)) of a log-normal distribution ([Ugander, Karrer, Backstrom and Marlow
2011](https://arxiv.org/abs/1111.4503)). That referred people refer more: [Gershon and Jiang
2024](https://papers.ssrn.com/sol3/papers.cfm?abstract_id=4214781) found it among 41 million customers; the factor is ours.
"""


def published_page(claims: Sequence[Claim], seed: int, last_day: date, checked: int, *, agree: bool) -> str:
    """Returns the page as Markdown."""
    outcome = ", and all agreed" if agree else ", and **not all agreed**"
    head = _HEAD.format(seed=seed, last_day=last_day.isoformat(), checked=checked, agree=outcome)
    rows = "".join(_row(one) for one in claims)
    how = "".join(f"| {one.name} | {one.how} | {one.assumes} | {one.computes} |\n" for one in claims)
    return f"{head}{rows}{_SECTION}{how}{_END}"


def _row(claim: Claim) -> str:
    found = claim.measured
    cells = _cells(found, claim.unit) if found else ("–", "–", "–")
    return f"| {' | '.join((claim.name, claim.published, *cells, claim.finding))} |\n"


def _cells(found: Measured, unit: Unit) -> tuple[str, str, str]:
    bounds = "–"
    if found.low is not None and found.high is not None:
        bounds = f"{text(found.low, unit)} to {text(found.high, unit)}"
    return text(found.value, unit), bounds, f"{found.n:,} {found.cases}"
