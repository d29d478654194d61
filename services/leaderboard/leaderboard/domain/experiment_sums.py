"""The sums of an experiment by variant, and what each person adds to them."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from leaderboard.domain.activity import fingerprint
from leaderboard.domain.exposure import Measured
from leaderboard.statistics.ratio import PairSums, sums_of_person
from referral.events.experiments import VariantTotals

MAX_FOLLOWS = 500
"""How many friends of a person count. More are left out, which bounds the state."""
MAX_INVITATIONS = 20
"""How many referrals of a person are known: one, unless evidence is corrected."""


class ChainFollow(Struct, frozen=True, array_like=True):
    """A friend who followed, by the fingerprint of the referral: when, and the variant of the link, if it had one."""

    second: int
    referral: int
    variant: str | None = None


class PersonRecord(Struct, frozen=True, array_like=True, tag="person"):
    """What is known of a person for an experiment: what was measured once their window was over, and friends who follow.

    `invited_by` are the fingerprints of the referrals by which friends brought them through the content item, in order.
    """

    measured: Measured | None = None
    follows: tuple[ChainFollow, ...] = ()
    invited_by: tuple[int, ...] = ()

    def with_invitation(self, referral: int, *, invited: bool) -> "PersonRecord":
        """Returns the record with a referral that brought the person, or without it; unchanged if MAX_INVITATIONS are known."""
        others = set(self.invited_by) - {referral}
        if invited and len(others) >= MAX_INVITATIONS:
            return self
        return replace(self, invited_by=tuple(sorted(others | {referral} if invited else others)))

    def with_follow(self, follow: ChainFollow) -> "PersonRecord":
        """Returns the record with one more friend; unchanged if there are MAX_FOLLOWS of them."""
        others = self.without_follow(follow.referral).follows
        if len(others) >= MAX_FOLLOWS:
            return self
        ordered = sorted((*others, follow), key=lambda one: (one.second, one.referral))
        return replace(self, follows=tuple(ordered))

    def without_follow(self, referral: int) -> "PersonRecord":
        """Returns the record without the friend of a referral."""
        return replace(self, follows=tuple(one for one in self.follows if one.referral != referral))


class BannedPerson(Struct, frozen=True, array_like=True, tag="banned"):
    """A person who is banned: what is known of them stays stored, and is in no sums."""


class VariantSums(Struct, frozen=True, array_like=True):
    """The sums of one variant. `multiple` people saw another variant as well; for `mixed` a friend came by another variant.

    `roots` are people whom no friend brought through the content item: those for whom the variant was drawn.
    """

    follows: PairSums = PairSums()
    shares: PairSums = PairSums()
    multiple: int = 0
    mixed: int = 0
    roots: int = 0

    def plus(self, other: "VariantSums", sign: int = 1) -> "VariantSums":
        """Returns the sums of both; with `sign` -1, those without the other's."""
        add = PairSums.plus if sign > 0 else PairSums.minus
        return VariantSums(
            add(self.follows, other.follows),
            add(self.shares, other.shares),
            self.multiple + sign * other.multiple,
            self.mixed + sign * other.mixed,
            self.roots + sign * other.roots,
        )


class ExperimentSums(Struct, frozen=True, array_like=True, tag="sums"):
    """The sums by variant, and the earliest impression in them (seconds since the epoch; 0 if there is none)."""

    variants: dict[str, VariantSums] = {}
    since_s: int = 0


def contribution(record: PersonRecord) -> tuple[str, VariantSums] | None:
    """Returns the variant to whose sums a person adds, and what; None while their window is not over.

    A person adds to the variant that they saw first, whatever they or their friends saw later (intention to treat).
    """
    measured = record.measured
    if measured is None:
        return None
    in_window = [one for one in record.follows if measured.start_s <= one.second < measured.end_s]
    sums = VariantSums(
        sums_of_person(len(in_window), measured.shown),
        sums_of_person(measured.shares, measured.shown),
        int(measured.variants > 1),
        int(any(one.variant not in (None, measured.variant) for one in in_window)),
        int(not record.invited_by),
    )
    return measured.variant, sums


def change(sums: ExperimentSums, before: PersonRecord | None, after: PersonRecord | None) -> ExperimentSums:
    """Returns the sums after a person's record has changed; None is the record of someone who does not count."""
    variants = dict(sums.variants)
    for record, sign in ((before, -1), (after, 1)):
        if record is not None and (part := contribution(record)) is not None:
            variant, added = part
            variants[variant] = variants.get(variant, VariantSums()).plus(added, sign)
    measured = after.measured if after is not None else None
    starts = [second for second in (sums.since_s, measured.start_s if measured else 0) if second]
    kept = {variant: one for variant, one in sorted(variants.items()) if one != VariantSums()}
    return ExperimentSums(kept, min(starts, default=0))


def chain_follow(referral: str, second: int, variant: str | None) -> ChainFollow:
    """Returns the follow of a referral."""
    return ChainFollow(second, fingerprint(referral), variant)


def total(parts: Iterable[ExperimentSums]) -> ExperimentSums:
    """Returns the sums over all parts."""
    variants: dict[str, VariantSums] = {}
    since: list[int] = []
    for part in parts:
        since += [part.since_s] if part.since_s else []
        for variant, sums in part.variants.items():
            variants[variant] = variants.get(variant, VariantSums()).plus(sums)
    return ExperimentSums(dict(sorted(variants.items())), min(since, default=0))


def to_totals(sums: Mapping[str, VariantSums]) -> tuple[VariantTotals, ...]:
    """Returns the sums as a line has them."""
    return tuple(
        VariantTotals(
            variant=variant,
            follows=_as_line(one.follows),
            shares=_as_line(one.shares),
            multiple=one.multiple,
            mixed=one.mixed,
            roots=one.roots,
        )
        for variant, one in sums.items()
    )


def from_totals(totals: Iterable[VariantTotals]) -> dict[str, VariantSums]:
    """Returns the sums of a line."""
    return {
        one.variant: VariantSums(PairSums(*one.follows), PairSums(*one.shares), one.multiple, one.mixed, one.roots)
        for one in totals
    }


def _as_line(sums: PairSums) -> tuple[int, int, int, int, int, int]:
    return sums.n, sums.x, sums.y, sums.xx, sums.yy, sums.xy


class Look(Struct, frozen=True, array_like=True):
    """The sums of a partition as it last wrote them, and when (ms)."""

    at_ms: int
    sums: ExperimentSums


class DecidedVariant(Struct, frozen=True, array_like=True):
    """The variant that was decided for, and when (ms)."""

    variant: str
    at_ms: int


class ExperimentLooks(Struct, frozen=True, array_like=True, tag="looks"):
    """The last look at each partition, and the decision once there is one."""

    partitions: dict[int, Look] = {}
    decided: DecidedVariant | None = None

    def with_look(self, partition: int, look: Look) -> "ExperimentLooks":
        """Returns the looks with one of a partition; unchanged if a later one is known."""
        known = self.partitions.get(partition)
        if known is not None and known.at_ms > look.at_ms:
            return self
        return ExperimentLooks(dict(sorted({**self.partitions, partition: look}.items())), self.decided)

    def with_decision(self, variant: str, at_ms: int) -> "ExperimentLooks":
        """Returns the looks with the decision."""
        return ExperimentLooks(self.partitions, DecidedVariant(variant, at_ms))
