"""The contents of the share sheet, in the request's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

from link_issuer.domain.share_kit import ShareKit
from referral.events.facts import Channel
from referral.events.program import Program
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, localize


@dataclass(frozen=True, slots=True)
class ShareSheet:
    """The program's name, the channel's, and the kit; `advice` is how friends use the code where no link is allowed."""

    program: str
    channel: str
    kit: ShareKit
    advice: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A channel to choose: its name, the address of its sheet, and whether it is the one that is shown."""

    name: str
    href: str
    is_current: bool


def share_sheet(program: Program, kit: ShareKit) -> ShareSheet:
    """The contents for a kit."""
    name = channel_name(kit.channel)
    advice = "" if kit.link else gettext("%(channel)s allows no links here: friends use the code.", channel=name)
    return ShareSheet(localize(program.name), name, kit, advice)


def channel_chips(channels: Sequence[Channel], current: Channel) -> list[Chip]:
    """A chip for each channel of a program, in its order."""
    return [Chip(channel_name(one) or gettext("Anywhere else"), _address(one), one == current) for one in channels]


def _address(channel: Channel) -> str:
    chosen = {"lang": request.args["lang"][:8]} if "lang" in request.args else {}
    return f"?{urlencode({**chosen, 'channel': channel})}"
