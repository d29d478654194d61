"""A replay as the API documents it; what is answered are `replay.jobs.Job` and `replay.result.Result`."""

from typing import get_args

from marshmallow import Schema, fields, validate

from conversion_tracker.attribution.person_schemas import ReferrerOut
from conversion_tracker.replay.comparison import MAX_PEOPLE, MAX_REFERRERS
from conversion_tracker.replay.consistency import MAX_SAMPLE
from conversion_tracker.replay.jobs import ReplayStatus


class PairOut(Schema):
    """A number under the recorded rules, and under the other ones."""

    before = fields.Int()
    after = fields.Int()


class ProgressOut(Schema):
    """How far a replay is."""

    phase = fields.Str(
        validate=validate.OneOf(["starting", "attributing", "screening", "comparing", "done"]),
        metadata={"description": "nearly all time goes into `attributing`, which reads the events"},
    )
    records_read = fields.Int(metadata={"description": "records of the log read in this phase"})
    records_total = fields.Int()
    events = fields.Int(metadata={"description": "the program's events that were judged under both rules"})
    seconds = fields.Float(metadata={"description": "since it began"})
    events_per_second = fields.Float(metadata={"description": "while attributing"})
    cpu_seconds = fields.Float(metadata={"description": "processor time, which a busy machine does not lengthen"})


class ReplayTotalsOut(Schema):
    """The whole program."""

    referrals = fields.Nested(PairOut, metadata={"description": "referrals that count"})
    held = fields.Nested(PairOut, metadata={"description": "referrals that wait for a review"})
    referrer_rewards = fields.Nested(PairOut)
    friend_rewards = fields.Nested(PairOut)


class ReferrerChangeOut(Schema):
    """What changes for a referrer; `rewards` are the referrer's own."""

    participant = fields.Nested(ReferrerOut)
    referrals = fields.Nested(PairOut)
    rewards = fields.Nested(PairOut)


class ReferrerChangesOut(Schema):
    """Who gains and who loses."""

    gaining = fields.Int(metadata={"description": "referrers with more referrals, or as many and more rewards"})
    losing = fields.Int()
    items = fields.List(
        fields.Nested(ReferrerChangeOut),
        metadata={"description": f"the greatest change first, {MAX_REFERRERS} at most"},
    )


class PersonChangeOut(Schema):
    """A follower with another referrer under the other rules; null: no referrer."""

    person = fields.Str()
    before = fields.Nested(ReferrerOut, allow_none=True)
    after = fields.Nested(ReferrerOut, allow_none=True)


class PeopleChangesOut(Schema):
    """Followers whose referrer changes."""

    changed = fields.Int()
    sample = fields.List(fields.Nested(PersonChangeOut), metadata={"description": f"{MAX_PEOPLE} at most"})


class DifferenceOut(Schema):
    """A line on which replay and log differ."""

    cause = fields.List(fields.Raw(), metadata={"description": "topic, partition, offset, line, output"})
    recorded = fields.Str(allow_none=True)
    replayed = fields.Str(allow_none=True)


class AsRecordedOut(Schema):
    """Whether the replay under the recorded rules equals, line by line, what the live folds published; if not, do not trust it."""

    equal = fields.Bool()
    lines = fields.Int(metadata={"description": "attributions and conversions compared"})
    differences = fields.Int()
    sample = fields.List(fields.Nested(DifferenceOut), metadata={"description": f"{MAX_SAMPLE} at most"})


class ReplayResultOut(Schema):
    """What came of it."""

    totals = fields.Nested(ReplayTotalsOut)
    referrers = fields.Nested(ReferrerChangesOut)
    people = fields.Nested(PeopleChangesOut)
    as_recorded = fields.Nested(AsRecordedOut)


class ReplayOut(Schema):
    """A replay."""

    id = fields.Str(metadata={"examples": ["rpl_0t04dnkrn229c38f"]})
    program = fields.Str()
    status = fields.Str(
        validate=validate.OneOf(get_args(ReplayStatus)),
        metadata={"description": "`lost`: its process is gone, for example with the service"},
    )
    asked_at = fields.AwareDateTime()
    progress = fields.Nested(ProgressOut)
    detail = fields.Str(allow_none=True, metadata={"description": "why there is no result"})
    result = fields.Nested(ReplayResultOut, allow_none=True)
