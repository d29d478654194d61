"""The share page and the words of its poster, from an invitation and its kit; in the request's language."""

from dataclasses import dataclass

from link_issuer.domain.share_kit import Kit
from link_issuer.pages.gifts import Gift, gifts
from link_issuer.pages.invitation import Invitation
from link_issuer.pages.poster import Poster
from referral.pages.languages import gettext, localized


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows. `text` is what the share button passes on; `title` the hook, or what stands for it."""

    program: str
    inviter: str
    invites: str
    summary: str
    title: str
    kit: Kit
    yours: list[Gift]
    theirs: list[Gift]
    steps: list[str]
    text: str


def shown(invitation: Invitation, kit: Kit) -> Shown:
    """What the page of an invitation shows."""
    name, inviter = localized(invitation.program.name), invitation.owner.display_name
    yours, invites = gifts(invitation.program, "referee"), gettext("%(name)s invites you", name=inviter)
    text = kit.caption.replace(f"\n{kit.link}", "") if kit.link else kit.caption
    return Shown(
        program=name,
        inviter=inviter,
        invites=invites,
        summary=_summary(invites, yours, kit),
        title=kit.hook or name,
        kit=kit,
        yours=yours,
        theirs=[] if invitation.owner.partner else gifts(invitation.program, "referrer"),
        steps=_steps(invitation, kit),
        text=text,
    )


def poster(page: Shown) -> Poster:
    """The words of the poster that goes with a page."""
    gift = page.yours[0] if page.yours else None
    return Poster(
        program=page.program,
        hook=page.title,
        inviter=page.invites,
        gift=gettext("For you: %(gift)s %(when)s", gift=gift.what, when=gift.when) if gift else page.kit.call,
        ask=gettext("Scan, or say my code") if page.kit.qr else gettext("When you follow, say my code"),
        code=page.kit.code,
        small=gettext("or mention %(mention)s", mention=page.kit.mention) if page.kit.mention else page.kit.call,
        address=page.kit.qr,
    )


def _summary(invites: str, yours: list[Gift], kit: Kit) -> str:
    """What a link preview says below the title: who invites, and the first thing there is to get."""
    gift = gettext("%(what)s %(when)s", what=yours[0].what, when=yours[0].when) if yours else kit.call
    return gettext("%(invites)s: %(gift)s", invites=invites, gift=gift) if gift else invites


def _steps(invitation: Invitation, kit: Kit) -> list[str]:
    """How it works, in three lines, for whoever reads them."""
    come = (
        gettext("A friend opens the link, or says the code, and follows.")
        if kit.link
        else gettext("A friend follows and says the code.")
    )
    passed = gettext("%(name)s passes this on to somebody it is meant for.", name=invitation.owner.display_name)
    if invitation.owner.partner:
        return [passed, come, gettext("The friend gets what is promised here.")]
    return [passed, come, gettext("Both get what is promised here.")]
