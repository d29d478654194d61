"""The keys of each fold's state within a partition: the folds write by them, the HTTP API reads by them."""

from typing import Final, Literal

from referral.events.attributions import ReferrerKind
from referral.events.board_rules import BoardMetric

SERVICE = "lb"
BOARDS: Final = "boards"
GROWTH: Final = "growth"
ACTIVITY: Final = "activity"
EXPERIMENTS: Final = "experiments"
CHALLENGE_PERIOD = "challenge."
CHALLENGE_RECORDS = "challenges:"
ChallengeList = Literal["participants", "submissions", "counted", "waiting", "gallery", "featured"]
"""`participants`: who takes part, by since when. Posts: `submissions` by when they entered, `counted` by when they were published,
`waiting` for a review since when, `gallery` for what may be shown, the newest first, `featured` by when they were featured.
"""


def counted_seconds(metric: BoardMetric, participant: str) -> str:
    """The timestamps that count for a referrer (boards)."""
    return participant if metric == "referrals" else f"{metric}:{participant}"


def tally(metric: BoardMetric, program: str, person: str) -> str:
    """What counts for a person (activity: StoredTally)."""
    return f"tally:{metric}:{program}|{person}"


def board(program: str, metric: BoardMetric, period: str, kind: ReferrerKind = "follower") -> str:
    """A sorted set of participant ids by score (the fold of the metric), one for each period. Partners have boards of their own."""
    return board_key(program, metric, period, kind)


def board_key(program: str, metric: str, period: str, kind: ReferrerKind) -> str:
    """The same for the name of a metric, as lines have it."""
    return f"{program}:{metric}:{period}" if kind == "follower" else f"{program}:{metric}/{kind}:{period}"


def days(program: str, bucket: int) -> str:
    """The counts of each day in a bucket (growth: GrowthDays, activity: ActivityDays)."""
    return f"days:{program}:{bucket}"


def parts(program: str, day: int) -> str:
    """The counts by channel, content item and call to action of a UTC day, by days since the epoch (activity: ActivityParts)."""
    return f"parts:{program}:{day}"


def all_time(program: str) -> str:
    """The counts of all time (activity: Activity)."""
    return f"ever:{program}"


def referrer_days(program: str, referrer: str, bucket: int) -> str:
    """The counts of one referrer's referrals on each day in a bucket (growth: GrowthDays)."""
    return f"by:{program}|{referrer}:{bucket}"


def referees(program: str, referrer: str) -> str:
    """A sorted set of the people whom a referrer brought, by the second of their follow (growth).

    Negative for a person whose referral is refused, since it would close a referral cycle.
    """
    return f"referees:{program}|{referrer}"


def upline(program: str, person: str) -> str:
    """Who brought a person, by referral (growth): one referrer, for a moment two while the person moves to another."""
    return f"upline:{program}|{person}"


def buckets(program: str) -> str:
    """A sorted set of the buckets in which the program has counts, by their number (growth)."""
    return f"buckets:{program}"


def bucket_referrers(program: str, bucket: int) -> str:
    """A sorted set of the referrers who have counts in a bucket; all scores are 0 (growth)."""
    return f"referrers:{program}:{bucket}"


def discovered(program: str) -> str:
    """A sorted set of the people who follow without a referrer, by the second of their follow (growth)."""
    return f"discovered:{program}"


def banned_referrers(program: str) -> str:
    """A sorted set of the participants who are banned (growth); their referrals are part of the counts above."""
    return f"banned:{program}"


def counted_facts(program: str, person: str, day: int) -> str:
    """Which events of a person's UTC day (days since the epoch) were counted (activity: CountedFacts)."""
    return f"seen:{program}|{person}:{day}"


def click_class(program: str, click: str) -> str:
    """The latest reclassification of a click (activity: ClickClass); absent for clicks that were never reclassified."""
    return f"reclass:{program}|{click}"


def posts(program: str) -> str:
    """A sorted set of the posts that exist, each named by author and id, by the second it was published (activity)."""
    return f"posts:{program}"


def removed_posts(program: str) -> str:
    """A sorted set of the posts that were removed, named in the same way, by the second they were published (0: unknown)."""
    return f"removed:{program}"


def post_checks(program: str) -> str:
    """A sorted set of the posts that were looked at, named in the same way, by the second; negative: gone (activity)."""
    return f"checks:{program}"


def challenge_record(program: str, person: str) -> str:
    """A person's part in the challenges of a program (activity: ChallengeRecord)."""
    return f"{CHALLENGE_RECORDS}{program}|{person}"


def recorded_person(key: str) -> tuple[str, str]:
    """The program and person of a `challenge_record` key."""
    program, person = key.removeprefix(CHALLENGE_RECORDS).split("|", 1)
    return program, person


def voter(program: str, person: str) -> str:
    """A person's follows and votes (activity: VoterRecord)."""
    return f"voter:{program}|{person}"


def challenge_list(name: ChallengeList, program: str, challenge: str) -> str:
    """A sorted set of a challenge (activity): its people or posts, each post named by author and id. See ChallengeList."""
    return f"{name}:{program}|{challenge}"


def votes(program: str, challenge: str, post: str) -> str:
    """A sorted set of the people whose votes count for a post (author/id), by the second of the vote (activity)."""
    return f"votes:{program}|{challenge}|{post}"


def challenge_period(challenge: str) -> str:
    """The name of a challenge as the period of a board."""
    return f"{CHALLENGE_PERIOD}{challenge}"


def thanked(program: str, day: str) -> str:
    """A sorted set of the people who were thanked for a day, by the second they were (activity)."""
    return f"thanked:{program}|{day}"


def exposure(program: str, content: str, person: str) -> str:
    """What a person saw and shared of a content item with an experiment (activity: Exposure)."""
    return f"exposure:{program}|{content}|{person}"


def exposed_person(key: str) -> tuple[str, str, str] | None:
    """The program, content item and person of an `exposure` key; None for another key."""
    if not key.startswith("exposure:"):
        return None
    program, content, person = key.removeprefix("exposure:").split("|", 2)
    return program, content, person


def credited_follow(program: str, referral: str) -> str:
    """The experiment that a referral's follow counts for, and for whom (growth: CreditedFollow)."""
    return f"credit:{program}|{referral}"


def experiment_person(program: str, experiment: str, person: str) -> str:
    """What an experiment knows of a person (experiments: PersonRecord)."""
    return f"person:{program}|{experiment}|{person}"


def experiment_ban(program: str, person: str) -> str:
    """Whether a person is banned (experiments: BannedPerson)."""
    return f"banned:{program}|{person}"


def experiment_sums(program: str, experiment: str) -> str:
    """The sums of an experiment by variant (experiments: ExperimentSums)."""
    return f"sums:{program}|{experiment}"


def summed_experiment(key: str) -> tuple[str, str]:
    """The program and experiment of an `experiment_sums` key."""
    program, experiment = key.removeprefix("sums:").split("|", 1)
    return program, experiment


def experiment_looks(program: str, experiment: str) -> str:
    """The sums of all partitions as they were last looked at, and the decision (experiments: ExperimentLooks)."""
    return f"looks:{program}|{experiment}"
