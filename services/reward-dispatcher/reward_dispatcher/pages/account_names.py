"""What a reward is called, by the rule that it was granted by."""

from referral.events.reward_rules import Reward
from referral.http.context import context
from referral.pages.reward_names import kind_name, reward_name
from reward_dispatcher.domain.account import Account
from reward_dispatcher.pages.tickets import find_rule


def rule_of(account: Account) -> Reward | None:
    """Returns the rule of a reward, as it was at the grant; None if it is not known any more."""
    version = context().catalog.version(account.program, account.version)
    return find_rule(version.program if version else None, account.rule)


def account_name(account: Account) -> str:
    """Returns the name of a reward in the request's language."""
    rule = rule_of(account)
    return reward_name(rule) if rule else kind_name(account.kind, account.percent)
