"""Who is banned earns nothing. No program can choose otherwise: the ban itself was somebody's choice."""

from conversion_tracker.screening.rule import Rule

BAN = Rule(
    name="ban",
    description="The referrer is banned from the program.",
    scope="referrer",
    severity="high",
    action=lambda _: "reject",
    decide=lambda case, _: case.known.ban is not None,
)
