"""Partition keys: lines with the same key are on the same partition of their topic, and so are read in the order written.

A key is the program's id, `|`, and the id of what the line is about within the program. A program's id contains no `|`; the
other id may. Fold states that belong to such a key carry it in their own names, so that both are found together.
"""

KeyedLine = tuple[str, bytes]
"""A partition key, and an encoded line to be published under it."""


def person_key(program: str, person: str) -> str:
    """The key of what concerns a person, by their person id: `events`, and attributions without a referrer."""
    return f"{program}|{person}"


def person_key_prefix(program: str) -> str:
    """What the keys of all people of a program begin with; the person's id follows."""
    return f"{program}|"


def beneficiary_key(program: str, beneficiary: str) -> str:
    """The key of a person's rewards, by their person id: `rewards`."""
    return f"{program}|{beneficiary}"


def referrer_key(program: str, referrer: str) -> str:
    """The key of what a referrer's referrals lead to, by their person id: `attributions` and `conversions`."""
    return f"{program}|{referrer}"


def participant_key(program: str, participant: str) -> str:
    """The key of referral edges, by the id of the participant referred: `attributions`."""
    return f"{program}|{participant}"


def click_key(program: str, participant: str) -> str:
    """The key of a click and of its reclassification, by whose link it is: `events`. The person who clicked is not known."""
    return f"{program}|{participant}"


def pools_key(program: str) -> str:
    """The key of what a program's pools of codes decide: `pools`. One partition decides for all pools of a program."""
    return f"{program}|"


def budget_key(program: str, budget: str) -> str:
    """The key of what one budget of a program decides, by the budget's id: `rewards`."""
    return f"{program}|budget:{budget}"


def experiment_key(program: str, experiment: str) -> str:
    """The key of an experiment's sums over all people, and of its decision: `standings`."""
    return f"{program}|experiment:{experiment}"
