"""docs/screening.md: the rules as the catalogue has them, what they come to together, and what each sees."""

from collections.abc import Iterator

from msgspec.structs import fields

from conversion_tracker.screening.catalogue import RULES
from conversion_tracker.screening.referrer_history import MAX_DAYS, MAX_RECENT
from conversion_tracker.screening.rule import Scope, ScreeningRule
from referral.events.program import Screening
from referral.events.section import Section

Row = tuple[str, ...]
HEADS = ("rule", "finds", "looks at", "severity", "if left out")
_SCOPES: dict[Scope, str] = {
    "referral": "the referral alone",
    "referrer": "what the referrer brought",
    "program": "what the referrer brought, and the program around it",
}

INTRO = """\
Every referral that qualifies is looked at by rules, one a file in
[domain/screening](../services/conversion-tracker/conversion_tracker/domain/screening). The program file says under
`screening` what is done about each suspicion (`reject`, `hold`, `ignore`) and, where a rule is a matter of degree, from where
on it is one:

```yaml
screening:
  self_referral: reject
  velocity_per_minute: {limit: 20, action: hold}
```

The bounds of each threshold are in [Programs](programs.md#screening). A referral is judged under the version of the program
that its first follow was judged under.\
"""

COMBINED = """\
## What they come to together

- One rule that **rejects** is enough: `conversion.rejected`, neither counted nor paid.
- Else one that **holds** is enough: `conversion.held`, neither counted nor paid, for a person has to look at it first.
- Else it is **cleared**: `conversion.cleared`, counted and paid.
- A line that holds or rejects carries in `reasons` the names of the rules that led to it, and `referral_fold_reasons_total`
  counts them by outcome and rule.
- A rule that is ignored is not asked. A rule that fails, whatever it met, holds with the reason `rule_failed`: money waits
  for a person, not for luck.

What acts without being asked to is what an honest campaign hardly meets, and it only holds; somebody who brings themselves
alone is rejected. Two rules are silent until a program speaks: platforms give disposable names to honest newcomers too, and
honest promoters hurry before a deadline.\
"""

SEEN = f"""\
## What a rule sees

Facts say more the more the platform tells; what is not told is no suspicion.

| a rule needs | told by |
|---|---|
| the device | `device` of `person.followed`, a hash; the referrer's own: `device` at their enrolment |
| the network | `network` of `person.followed`, a hash and never an address |
| the name | `data.handle` of `person.followed` |
| how often somebody began to follow | conversion-tracker counts it itself (`spells` of `referral.qualified`) |

Device, network and name are those of the first follow, like everything that decides who brought a person.

- **Memory.** Of each referrer the newest {MAX_RECENT} whom they brought are remembered, and how many qualified on each of the
  newest {MAX_DAYS} days (UTC). Who was brought before those is no longer anybody's double, and thresholds end at 100.
- **Everybody counts** whom the referrer brought, also who was held or rejected: a burst does not hide behind those caught before.
- **Late arrivals.** A rule sees what was folded before, by when it happened and not by when it arrived. A minute, or the
  minutes of a burst, may lie around a referral as well as before it; so what arrives late in the midst of a burst is seen as
  part of it, and in whatever order they arrive no more than the limit are cleared. Those who came before a limit was reached
  stay as they were judged.
- **The same log gives the same verdicts,** whoever folds it, however often, in whatever batches: a rule has no clock and asks
  nobody.
- **Who falls and comes back** is judged anew with what is known by then, and is never their own double. Who has unfollowed
  counts for `churn` until they come back.
- **The usual** of `deadline_burst` is the average of the seven days (UTC) before its hours began. Months and challenges end
  at midnight in the time zone of the program's first version, as boards do. No more than the remembered {MAX_RECENT} can lie in
  its hours, so whoever usually brings more than {MAX_RECENT} divided by `times` in as many hours does not meet the rule.

## Add a rule

Four steps, in [Contributing](../CONTRIBUTING.md#add-a-fraud-rule-in-four-steps); this table then has it by itself.\
"""


def rows() -> Iterator[Row]:
    """A row for each rule."""
    for rule in RULES:
        yield f"`{rule.name}`", rule.description, _SCOPES[rule.scope], rule.severity, f"`{_default(rule)}`"


def _default(rule: ScreeningRule) -> str:
    """A rule's setting as the program file would have to say it, were it not left out; of one it cannot set, what it does."""
    setting = getattr(Screening(), rule.name, rule.action(Screening()))
    if not isinstance(setting, Section):
        return str(setting)
    given = [(field.name, getattr(setting, field.name)) for field in fields(setting)]
    return "{" + ", ".join(f"{name}: {_plain(value)}" for name, value in given if value != ()) + "}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
