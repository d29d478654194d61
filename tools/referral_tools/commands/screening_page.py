"""docs/screening.md: the rules of the catalogue, their combined result, and their inputs."""

from collections.abc import Iterator

from msgspec.structs import fields

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.referrer_history import MAX_DAYS, MAX_RECENT
from conversion_tracker.screening.rule import Scope, ScreeningRule
from referral.events.screening import Action, Screening
from referral.events.section import Section

Row = tuple[str, ...]
HEADS = ("rule", "finds", "scope", "severity", "default")
_SCOPES: dict[Scope, str] = {
    "referral": "the referral alone",
    "referrer": "the referrer's referrals",
    "program": "the referrer's referrals and the program",
}

INTRO = """\
Every referral that qualifies is evaluated by rules, one per file in
[screening/rules](../services/conversion-tracker/conversion_tracker/screening/rules). The section `screening` of the program
file sets the action for each finding (`reject`, `hold`, `ignore`) and the thresholds:

```yaml
screening:
  self_referral: reject
  velocity_per_minute: {limit: 60, action: hold}
```

A program without this section, or without one of its rules, has the defaults of the table below. The bounds of each threshold
are in [Programs](programs.md#screening). A referral is screened under the version of the program
that applied to its first follow.\
"""

COMBINED = """\
## The combined result

- If one rule **rejects**: `conversion.rejected`, neither counted nor paid.
- Otherwise, if one rule **holds**: `conversion.held`, neither counted nor paid until an operator has reviewed it.
- Otherwise it is **cleared**: `conversion.cleared`, counted and paid.
- A line that holds or rejects lists in `reasons` the names of the rules that led to it, and `referral_fold_reasons_total`
  counts them by outcome and rule.
- An ignored rule is not evaluated. A rule that fails holds the conversion with the reason `rule_failed` (fail closed).

## What is on by default

{defaults}

The rules that hold by default match cases that an honest campaign rarely meets. A partner's ordinary burst is not held: 30
referrals within a minute after a post or in a live stream, each with a click of its own and from several networks, are cleared.
Two rules are off until a program enables them: platforms assign throw-away names to honest newcomers too, and honest promoters
hurry before a deadline.\
"""


def combined() -> str:
    """The combined result, and what happens in a program that sets nothing, from the defaults of the rules."""
    names: dict[Action, list[str]] = {"reject": [], "hold": [], "ignore": []}
    for rule in RULES:
        names[rule.action(Screening())].append(f"`{rule.name}`")
    texts = {"reject": "rejected by", "hold": "held for review by", "ignore": "not evaluated"}
    return COMBINED.format(defaults="\n".join(f"- {texts[action]}: {', '.join(names[action])}" for action in names))


SEEN = f"""\
## What a rule sees

Rules need what the platform reports. Missing data is never suspicious.

| a rule needs | source |
|---|---|
| the device | `device` of `person.followed`, a hash; the referrer's own: `device` at their enrolment |
| the network | `network` of `person.followed`, a hash and never an address |
| the name | `data.handle` of `person.followed` |
| the click | `click` of `person.followed` or an earlier event, if the click won the attribution |
| the number of follows of one person | conversion-tracker counts them (`spells` of `referral.attributed`) |

Device, network, name and click are those of the first follow, like everything that decides attribution.

- **Memory.** Of each referrer the newest {MAX_RECENT} referees are remembered, and how many qualified on each of the
  newest {MAX_DAYS} days (UTC). Older referees are no longer matched, and thresholds end at 100.
  Times are compared in whole seconds, and people, devices, networks and clicks by 32 bits of each: with a full memory, one
  referral in 33 million meets another's device or click without having it
  ([decision 41](decisions/0041-compact-history-of-a-referrer.md)).
- **Every referee counts** for a threshold, also held and rejected ones: a burst cannot hide behind those caught before.
- **Late arrivals.** A rule sees what was folded before, by when it happened and not by when it arrived. A minute, or the
  minutes of a burst, may be around a referral as well as before it; so a referral that arrives late within a burst is part
  of it, and in any order of arrival at most the limit are cleared. Those that arrived before a limit was reached keep
  their status.
- **The same log gives the same result,** independent of workers, repetitions and batches: a rule has no clock and no I/O.
- **A person who leaves and returns** is screened again with what is known by then, and never matches themselves. A person
  who has unfollowed counts for `churn` until they return.
- **The usual rate** of `deadline_burst` is the average of the seven days (UTC) before its hours began. Months and challenges
  end at midnight in the time zone of the program's first version, as boards do. At most the remembered {MAX_RECENT} can be
  within its hours, so a referrer whose usual rate exceeds {MAX_RECENT} divided by `times` in as many hours never matches.

## Add a rule

See [Contributing](../CONTRIBUTING.md#add-a-fraud-rule); this table is generated from the catalogue.\
"""


OBSERVED = """\
## What a finding shows

A finding carries the numbers that the rule saw, so that an operator can judge it: `observed` in the list of conversions and in
an explanation, for example `{"people": 34, "minutes": 10, "limit": 20}`. Rules that are not listed have none.\
"""
OBSERVED_HEADS = ("rule", "number", "meaning")


def observed_rows() -> Iterator[Row]:
    """A row for each number that a rule observes."""
    for rule in RULES:
        for name, meaning in rule.observes.items():
            yield f"`{rule.name}`", f"`{name}`", meaning


def rows() -> Iterator[Row]:
    """A row for each rule."""
    for rule in RULES:
        yield f"`{rule.name}`", rule.description, _SCOPES[rule.scope], rule.severity, f"`{_default(rule)}`"


def _default(rule: ScreeningRule) -> str:
    """A rule's default setting as it would be written in a program file; its fixed action if a program cannot set it."""
    setting = getattr(Screening(), rule.name, rule.action(Screening()))
    if not isinstance(setting, Section):
        return str(setting)
    given = [(field.name, getattr(setting, field.name)) for field in fields(setting)]
    return "{" + ", ".join(f"{name}: {_plain(value)}" for name, value in given if value != ()) + "}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
