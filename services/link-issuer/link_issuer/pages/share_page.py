"""The contents of a share page and of its pictures, composed from an invitation and its kit, in the request's language."""

from dataclasses import dataclass

from link_issuer.domain.share_kit import ShareKit
from link_issuer.pages.channel_texts import follow_instruction, poster_instruction
from link_issuer.pages.fonts import clusters, drawable_name
from link_issuer.pages.gifts import GiftText, gift_texts
from link_issuer.pages.invitation import Invitation
from link_issuer.pages.poster import Poster
from link_issuer.pages.preview_card import PreviewCard
from referral.events.entities import Link, Participant
from referral.events.program import Program
from referral.events.rewards import Handover, handover_of
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, language, localize, ngettext
from referral.pages.public_names import public_name, public_name_within

_LONGEST_GIFT = 40  # characters of a gift that a button names
_IMMEDIATE: frozenset[Handover] = frozenset({"code", "file", "balance"})  # what the system hands over by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePage:
    """The contents of the page, which speaks to the friend. `title` is the hook, or the program's name.

    `inviter` is the name at the beginning of a sentence, `inviter_within` within one, `initial` its first character (empty for a
    hidden name). `yours` is what the friend gets, `theirs` what the inviter gets. `action` is the one thing to do: follow the link,
    or copy the code where the channel allows no links. What is passed on is the kit's `message`. `counts`: whether referrals by
    the code count; otherwise the page leads to the program, and promises nothing.
    """

    program: str
    inviter: str
    inviter_within: str
    initial: str
    invites: str
    action: str
    summary: str
    title: str
    channel: str
    kit: ShareKit
    yours: list[GiftText]
    theirs: list[GiftText]
    steps: list[str]
    counts: bool


def compose_share_page(invitation: Invitation, kit: ShareKit) -> SharePage:
    """The contents of the page of an invitation."""
    program, name, inviter = invitation.program, localize(invitation.program.name), public_name(invitation.inviter)
    within = public_name_within(invitation.inviter)
    partner = partner_of(invitation.owner, invitation.holder)
    yours = gift_texts(program, "referee", partner) if invitation.counts else []
    theirs = gift_texts(program, "referrer", partner) if invitation.counts and not invitation.owner.partner else []
    return SharePage(
        program=name,
        inviter=inviter,
        inviter_within=within,
        initial=_initial(invitation),
        action=_action(program, kit, yours),
        invites=gettext("%(name)s invites you", name=inviter),
        summary=_summary(inviter, yours),
        title=kit.hook or name,
        channel=channel_name(kit.channel),
        kit=kit,
        yours=yours,
        theirs=theirs,
        steps=_steps(program, kit, (inviter, within), has_gift=bool(yours), has_thanks=bool(theirs))
        if invitation.counts
        else [follow_instruction(kit.channel)],
        counts=invitation.counts,
    )


def compose_poster(page: SharePage) -> Poster:
    """The contents of the poster of a page. The code takes the place of a name that cannot be drawn."""
    gift, kit = page.yours[0] if page.yours else None, page.kit
    return Poster(
        program=page.program,
        hook=page.title,
        gift=_gift_sentence(page),
        inviter=_drawable_invitation(page),
        instruction=poster_instruction(can_scan=kit.qr is not None),
        code=kit.code,
        alternative=gettext("or mention %(mention)s", mention=kit.mention) if kit.mention else "",
        footnote=gift.until[:1].upper() + gift.until[1:] if gift else "",
        address=kit.qr,
    )


def compose_card(page: SharePage) -> PreviewCard:
    """The contents of the picture of a link preview."""
    return PreviewCard(page.program, page.title, _gift_sentence(page), _drawable_invitation(page), page.kit.code)


def _drawable_invitation(page: SharePage) -> str:
    return gettext("%(name)s invites you", name=drawable_name(page.inviter) or page.kit.code)


def _gift_sentence(page: SharePage) -> str:
    """The first gift and when it is granted; empty if the program promises none."""
    if not page.yours:
        return ""
    return gettext("%(gift)s %(when)s", gift=page.yours[0].what, when=page.yours[0].when)


def _summary(inviter: str, yours: list[GiftText]) -> str:
    """The description in a link preview: who invites, and the first gift."""
    if not yours:
        return gettext("%(name)s invites you", name=inviter)
    gift = yours[0].what
    if gift[:1].isdigit():
        return gettext("%(name)s has %(gift)s for you", name=inviter, gift=gift)
    return gettext("%(name)s has this for you: %(gift)s", name=inviter, gift=gift)


def partner_of(owner: Participant, holder: Participant | Link) -> str | None:
    """The partner that referrals by a code count for; None for a follower's."""
    return (holder.partner if isinstance(holder, Link) else None) or owner.partner


def _initial(invitation: Invitation) -> str:
    """The first character of the inviter's name; empty if they hide it, or if the name begins with a symbol."""
    name = (invitation.inviter.public_name if invitation.inviter else None) or ""
    first = next(clusters(name.strip()), "")
    return first.upper() if first[:1].isalpha() else ""


def _action(program: Program, kit: ShareKit, yours: list[GiftText]) -> str:
    """The text of the one button."""
    if kit.link is None:
        return gettext("Copy %(code)s", code=kit.code)
    if program.attribution.qualifies_on == "order.paid":
        return gettext("Go to %(program)s", program=localize(program.name))
    if not yours:
        return gettext("Follow")
    gift = yours[0].what
    if len(gift) <= _LONGEST_GIFT and (gift[:1].isdigit() or language() == "zh-CN"):
        return gettext("Follow and get %(gift)s", gift=gift)
    return gettext("Follow and get your gift")


def _steps(program: Program, kit: ShareKit, inviter: tuple[str, str], *, has_gift: bool, has_thanks: bool) -> list[str]:
    """How it works, in two or three lines; `inviter` is the name at the beginning of a sentence and within one."""
    beginning, within = inviter
    use_code = (
        gettext("Say the code %(code)s (not needed if you use the link)", code=kit.code)
        if kit.link
        else gettext("Say the code %(code)s", code=kit.code)
    )
    steps = [follow_instruction(kit.channel), use_code]
    if has_gift:
        steps.append(_arrival(program, within, has_thanks=has_thanks))
    elif has_thanks:
        steps.append(gettext("%(name)s gets a thank-you", name=beginning))
    return steps


def _arrival(program: Program, inviter: str, *, has_thanks: bool) -> str:
    """When the friend's gift arrives; and that the inviter gets something too."""
    days = program.holding_days
    if days:
        if has_thanks:
            return ngettext(
                "Your gift arrives after %(num)d day; %(name)s gets a thank-you too",
                "Your gift arrives after %(num)d days; %(name)s gets a thank-you too",
                days,
                name=inviter,
            )
        return ngettext("Your gift arrives after %(num)d day", "Your gift arrives after %(num)d days", days)
    if _is_immediate(program):
        if has_thanks:
            return gettext("Your gift arrives within a minute; %(name)s gets a thank-you too", name=inviter)
        return gettext("Your gift arrives within a minute")
    if has_thanks:
        return gettext("Your gift is sent to you; %(name)s gets a thank-you too", name=inviter)
    return gettext("Your gift is sent to you")


def _is_immediate(program: Program) -> bool:
    """Whether the friend's first gift is handed out by the system as soon as they follow."""
    gift = next(reward for reward in program.rewards if reward.to == "referee")
    handed_out = gift.fulfilment == "automatic" and handover_of(gift.kind, gift.handover) in _IMMEDIATE
    return program.attribution.qualifies_on == "person.followed" and handed_out
