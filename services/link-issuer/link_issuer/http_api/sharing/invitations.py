"""Invitations, composed from the directory and the list of bans."""

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.profiles import find_profile
from link_issuer.pages.invitation import Invitation
from referral.events.entities import Link, Participant
from referral.events.program import Program


def find_invitation(program: Program, owner: Participant, holder: Participant | Link) -> Invitation:
    """Returns the invitation of a code's holder, which is the owner or a link of theirs."""
    own = dependencies()
    return Invitation(
        program=program,
        owner=owner,
        profile=find_profile(owner),
        holder=holder,
        address=own.link_url(holder.code),
        decided=own.decided_variants(owner.program),
        counts=not own.banned.is_banned(owner.program, owner.id),
    )
