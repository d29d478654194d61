"""A banned referrer earns nothing. No program can choose otherwise: the ban itself was an operator's decision."""

from conversion_tracker.screening.rule import ScreeningRule

BAN = ScreeningRule(
    name="ban",
    description="The referrer is banned from the program.",
    scope="referrer",
    severity="high",
    action=lambda _: "reject",
    evaluate=lambda case, _: {} if case.history.ban is not None else None,
)
