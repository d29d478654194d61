"""Pools of codes as a page of the console."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.http.problems import Problem
from reward_dispatcher.http_api.responses import PoolResponse, PoolUploadResponse, VoidCodesResponse
from reward_dispatcher.pages.reward_parts import render_part


@dataclass(slots=True)
class PoolResult:
    """What a form about a pool led to: codes that were added, or declared void, or why neither happened."""

    pool: str
    added: PoolUploadResponse | None = None
    voided: VoidCodesResponse | None = None
    problem: Problem | None = None


LINE_TEXTS: Mapping[str, object] = {
    "invalid": lazy_gettext("not a valid code"),
    "duplicate": lazy_gettext("in this pool already"),
    "other_pool": lazy_gettext("in another pool already"),
    "given": lazy_gettext("a person has it: it stays with them"),
    "unknown": lazy_gettext("not in this pool"),
}
_MISTAKES: Mapping[str, object] = {
    "no_codes": lazy_gettext("There was no code in it. Send one code for each line."),
    "invalid_pool": lazy_gettext(
        "That can't be the name of a pool. Use letters, digits, dots, hyphens and underscores."
    ),
    "reserved_pool": lazy_gettext("Codes of this pool are generated. Use another name."),
    "malformed_body": lazy_gettext("The file could not be read. What came before the mistake may have been added."),
    "unsupported_media_type": lazy_gettext("The file must be text, CSV or JSON."),
    "unknown_column": lazy_gettext("The file has no such column."),
    "too_many_codes": lazy_gettext("That is more than one upload may have. Split it."),
    "too_many_pools": lazy_gettext("The program has too many pools. Use one of them."),
    "too_large": lazy_gettext("The file is too large. Split it."),
    "too_slow": lazy_gettext("The file took too long. Send it in smaller parts."),
    "rate_limited": lazy_gettext("Another upload is running. Wait until it has ended, and send yours again."),
    "unavailable": lazy_gettext("That can't be done right now. Send it again: nothing is added twice."),
    "undecided": lazy_gettext("That can't be done right now. Send it again: nothing is added twice."),
}
_OTHER = lazy_gettext("That didn't work.")


def pools_page(visit: Visit, pools: Sequence[PoolResponse], result: PoolResult | None = None) -> str:
    """The page as HTML."""
    problem = result.problem if result else None
    return render_part(
        "console/pools.html",
        visit,
        "pools",
        pools=pools,
        result=result,
        mistake=_MISTAKES.get(problem.code, _OTHER) if problem else None,
        line_texts=LINE_TEXTS,
        form_key=secrets.token_urlsafe(12),
    )
