"""The partner section of a program file: who promotes it beside its participants. It mirrors `referral.events.program`."""

from typing import get_args

from referral.events.facts import Channel
from referral.events.program import PartnerKind
from referral.validation.fields import StrictSchema, choice, identifier, localized


class PartnerSection(StrictSchema):
    """Somebody who promotes the program."""

    id = identifier("a name of your own for this partner")
    kind = choice(get_args(PartnerKind), "who they are to the program")
    channel = choice(get_args(Channel), "where they promote it, one of the program's channels")
    name = localized("what people call them", required=False)
