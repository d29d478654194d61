"""The contents of a share page and of its poster, composed from an invitation and its kit, in the request's language."""

from dataclasses import dataclass

from link_issuer.domain.share_kit import ShareKit
from link_issuer.pages.gifts import GiftText, gift_texts
from link_issuer.pages.invitation import Invitation
from link_issuer.pages.poster import Poster
from referral.pages.languages import gettext, localize


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePage:
    """The contents of the page. `title` is the hook, or the program's name; what is shared is the kit's `message`."""

    program: str
    inviter: str
    invites: str
    summary: str
    title: str
    kit: ShareKit
    yours: list[GiftText]
    theirs: list[GiftText]
    steps: list[str]


def compose_share_page(invitation: Invitation, kit: ShareKit) -> SharePage:
    """The contents of the page of an invitation."""
    name, inviter = localize(invitation.program.name), invitation.owner.shown_name
    yours, invites = gift_texts(invitation.program, "referee"), gettext("%(name)s invites you", name=inviter)
    return SharePage(
        program=name,
        inviter=inviter,
        invites=invites,
        summary=_summary(invites, yours, kit),
        title=kit.hook or name,
        kit=kit,
        yours=yours,
        theirs=[] if invitation.owner.partner else gift_texts(invitation.program, "referrer"),
        steps=_steps(invitation, kit),
    )


def compose_poster(page: SharePage) -> Poster:
    """The contents of the poster of a page."""
    gift, kit = page.yours[0] if page.yours else None, page.kit
    return Poster(
        program=page.program,
        hook=page.title,
        inviter=page.invites,
        gift=gettext("For you: %(gift)s %(when)s", gift=gift.what, when=gift.when) if gift else kit.call_to_action,
        instruction=gettext("Scan, or say my code") if kit.qr else gettext("When you follow, say my code"),
        code=kit.code,
        footnote=gettext("or mention %(mention)s", mention=kit.mention) if kit.mention else kit.call_to_action,
        address=kit.qr,
    )


def _summary(invites: str, yours: list[GiftText], kit: ShareKit) -> str:
    """The description in a link preview: who invites, and the first gift."""
    gift = gettext("%(what)s %(when)s", what=yours[0].what, when=yours[0].when) if yours else kit.call_to_action
    return gettext("%(invites)s: %(gift)s", invites=invites, gift=gift) if gift else invites


def _steps(invitation: Invitation, kit: ShareKit) -> list[str]:
    """How it works, in three lines."""
    share = gettext("%(name)s shares this with a friend it is meant for.", name=invitation.owner.shown_name)
    follow = (
        gettext("A friend opens the link, or says the code, and follows.")
        if kit.link
        else gettext("A friend follows and says the code.")
    )
    if invitation.owner.partner:
        return [share, follow, gettext("The friend gets what is promised here.")]
    return [share, follow, gettext("Both get what is promised here.")]
