"""The actions of the audit log in words."""

from collections.abc import Mapping

from flask_babel import lazy_gettext

from referral.events.audit import ActionName

ACTION_TEXTS: Mapping[ActionName, object] = {
    "session.started": lazy_gettext("Signed in"),
    "session.refused": lazy_gettext("Was refused at sign-in"),
    "session.ended": lazy_gettext("Signed out"),
    "session.all_ended": lazy_gettext("Signed out on all devices"),
    "operator.added": lazy_gettext("Added an operator"),
    "operator.enrolled": lazy_gettext("Set up their sign-in"),
    "operator.changed": lazy_gettext("Changed an operator"),
    "operator.reset": lazy_gettext("Reset an operator's sign-in"),
    "operator.removed": lazy_gettext("Removed an operator"),
    "key.revoked": lazy_gettext("Revoked an API key"),
    "conversion.released": lazy_gettext("Released a referral"),
    "conversion.rejected": lazy_gettext("Rejected a referral"),
    "conversion.withdrawn": lazy_gettext("Took back a decision about a referral"),
    "reward.approved": lazy_gettext("Approved a reward"),
    "reward.fulfilled": lazy_gettext("Marked a reward as done"),
    "reward.held": lazy_gettext("Held a reward"),
    "reward.released": lazy_gettext("Released a reward"),
    "reward.revoked": lazy_gettext("Revoked a reward"),
    "reward.restored": lazy_gettext("Gave a reward back"),
    "person.banned": lazy_gettext("Banned a person"),
    "person.unbanned": lazy_gettext("Lifted a ban"),
    "person.exported": lazy_gettext("Exported what is stored about a person"),
    "person.corrected": lazy_gettext("Corrected a person's profile"),
    "person.erased": lazy_gettext("Erased a person"),
    "wallet_link.created": lazy_gettext("Made a link to a wallet"),
    "dashboard_link.created": lazy_gettext("Made a link to the growth page"),
    "dashboard_link.revoked": lazy_gettext("Ended a link to the growth page"),
    "wallet_links.revoked": lazy_gettext("Revoked the links to a wallet"),
    "reward.used": lazy_gettext("Wrote a reward off"),
    "reward.use_undone": lazy_gettext("Took a write-off back"),
    "pool.filled": lazy_gettext("Uploaded codes to a pool"),
    "pool.codes_voided": lazy_gettext("Voided codes of a pool"),
    "budget.released": lazy_gettext("Released what a budget stopped"),
    "webhook.enabled": lazy_gettext("Enabled a webhook"),
    "webhook.disabled": lazy_gettext("Disabled a webhook"),
    "webhook.rotated": lazy_gettext("Renewed the secrets of a webhook"),
    "webhook.changed": lazy_gettext("Changed a webhook"),
    "webhook.tested": lazy_gettext("Sent a test message"),
    "webhook.resent": lazy_gettext("Sent messages again"),
}
"""What someone did; every action has a text."""
