"""Applying a program file: checked, compared with the newest version, and written as the next one if it differs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from flask import g, request
from msgspec.structs import replace
from redis.exceptions import RedisError

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import find_advice
from link_issuer.domain.program_versions import AppliedProgram, InvalidCampaign, InvalidEffectiveTime, apply_program
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.request_body import invalid_body, json_or_yaml_body
from link_issuer.programs.yaml_form import YamlDocument
from link_issuer.store import AlreadyTaken
from referral.events.entities import FOLDERS, ProgramVersion, PseudonymKey
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.program_file.check import CheckResult, check_program_file
from referral.program_file.supply import supply_problems
from referral.validation.mistakes import Mistake, count_of_mistakes, first_mistakes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProgramReview:
    """What applying a document would result in: the version with advice on it, or the mistakes, of which `omitted` are not listed.

    `checked` is the program of a document without mistakes of its own; it may still take effect at an impossible time.
    """

    checked: CheckResult
    applied: AppliedProgram | None = None
    advice: Sequence[Advice] = ()
    mistakes: Sequence[Mistake] = field(default_factory=tuple)
    omitted: int = 0


def apply_file(program: str, *, dry_run: bool) -> tuple[AppliedProgram, Sequence[Advice]]:
    """Applies the program file in the request's body, and returns the resulting version and the advice on the file.

    Raises Problem 422 for mistakes, 412 if If-Match does not match, 409 if another request writes a version at the same time.
    """
    document = json_or_yaml_body()
    checked = _require_valid(document, program)
    newest = dependencies().store.complete_catalog().program(program)
    _require_match(newest)
    review = review_checked(checked, newest)
    if review.applied is None:
        raise invalid_body(review.mistakes, "Nothing was changed.")
    applied = review.applied
    if applied.is_new and not dry_run:
        applied = AppliedProgram(write_version(replace(applied.version, by=g.key.id)), is_new=True)
        store_applied_text(program, document.text)
    return applied, review.advice


def review_document(document: YamlDocument, program: str, newest: ProgramVersion | None) -> ProgramReview:
    """What applying a document as a program would result in, after its newest version. Nothing is changed."""
    checked, mistakes = _check(document, program)
    if not mistakes:
        return review_checked(checked, newest)
    listed, omitted = first_mistakes(mistakes, checked.omitted)
    return ProgramReview(checked, mistakes=document.explain(listed), omitted=omitted)


def review_checked(checked: CheckResult, newest: ProgramVersion | None) -> ProgramReview:
    """The same for a document that was checked."""
    assert checked.program is not None  # noqa: S101 - a file without mistakes has a program  # nosec B101
    now_ms = context().clock.now_ms()
    try:
        applied = apply_program(newest, checked.program, checked.effective_from, now_ms)
    except InvalidEffectiveTime as error:
        return ProgramReview(checked, mistakes=[Mistake("/effective_from", str(error))])
    except InvalidCampaign as error:
        return ProgramReview(checked, mistakes=[Mistake("/campaign", str(error))])
    advice = find_advice(applied.version.program, to_datetime(now_ms))
    return ProgramReview(checked, applied, [*advice, *_missing_supplies(applied.version.program)])


def write_version(version: ProgramVersion) -> ProgramVersion:
    """Returns the version once the log has it. Raises Problem 409 if another request writes other rules under its number."""
    try:
        reserved = dependencies().store.reserve_version(version)
    except AlreadyTaken as error:
        raise Problem(409, "other_version", f"{error}. Read the program, and apply your change to that.") from error
    dependencies().store.write([*_first_pseudonym_key(reserved), reserved])
    return reserved


def store_applied_text(program: str, text: str) -> None:
    """Stores the text of a version for the studio, if it is YAML; without it the studio writes the version from its fields."""
    if not text:
        return
    try:
        dependencies().drafts.store_applied(program, text)
    except RedisError as error:
        log.warning("text of a program not stored", program=program, reason=str(error))


def _missing_supplies(program: Program) -> list[Advice]:
    """Files and codes that the rewards need: what reward-dispatcher has listed in the catalog."""
    catalog = dependencies().store.complete_catalog()
    files = catalog.guide_files(program.id)
    if files is None and catalog.guide_files(FOLDERS) is not None:
        files = ()  # all folders are listed, and this program has none
    problems = supply_problems(program, catalog.code_pools(program.id), files)
    return [Advice(one.code, one.pointer, one.detail) for one in problems]


def _require_valid(document: YamlDocument, program: str) -> CheckResult:
    """Raises Problem 422 with every mistake."""
    checked, mistakes = _check(document, program)
    if mistakes:
        listed, omitted = first_mistakes(mistakes, checked.omitted)
        count = count_of_mistakes(len(listed), omitted)
        raise invalid_body(document.explain(listed), f"The program has {count}; nothing was changed.")
    return checked


def _check(document: YamlDocument, program: str) -> tuple[CheckResult, list[Mistake]]:
    checked = check_program_file(document.content)
    mistakes = [*document.mistakes, *checked.mistakes]
    if checked.program and checked.program.id != program:
        mistakes.append(Mistake("/id", f"must be {program}, as in the URL; got {checked.program.id}"))
    return checked, mistakes


def _require_match(newest: ProgramVersion | None) -> None:
    """Evaluates If-Match (RFC 9110, 13.1.1). Raises Problem 412."""
    if "If-Match" in request.headers and not request.if_match.contains(str(newest.version) if newest else ""):
        current = f"The newest version is {newest.version}." if newest else "The program does not exist yet."
        raise Problem(412, "other_version", f"{current} Read it, and apply your change to that.")


def _first_pseudonym_key(version: ProgramVersion) -> Sequence[PseudonymKey]:
    """With the first program: which key the log's people have their ids by."""
    if dependencies().store.complete_catalog().pseudonym_key() is not None:
        return ()
    return [PseudonymKey(recorded_at=version.recorded_at, fingerprint=context().pseudonyms.key_fingerprint())]
