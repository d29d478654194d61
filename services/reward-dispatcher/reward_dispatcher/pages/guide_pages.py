"""The page for a download link whose guide cannot be handed out."""

from dataclasses import dataclass
from typing import Literal, assert_never

from flask import render_template

from referral.pages.languages import gettext

GuideProblem = Literal["invalid_link", "expired_link", "revoked_reward", "missing_file", "used_up_link"]


@dataclass(frozen=True, slots=True)
class GuidePageTexts:
    """Title, explanation, and what the reader can do."""

    title: str
    explanation: str
    advice: str


def render_guide_problem(problem: GuideProblem) -> str:
    """Returns the page, in the request's language."""
    texts = guide_page_texts(problem)
    return render_template(
        "referral/error.html",
        title=texts.title,
        explanation=texts.explanation,
        advice=texts.advice,
        button=None if problem == "missing_file" else {"href": "/w", "text": gettext("Open my rewards")},
    )


def guide_page_texts(problem: GuideProblem) -> GuidePageTexts:
    """Returns the texts of the page."""
    match problem:
        case "invalid_link":
            return GuidePageTexts(
                gettext("This link is incomplete"),
                gettext("Part of the address is missing or was changed."),
                gettext("Copy the whole link, or open it again from your rewards."),
            )
        case "expired_link":
            return GuidePageTexts(
                gettext("This download link has expired"),
                gettext("Download links work for 30 days."),
                gettext("Your guide is still yours: get a new link from your rewards."),
            )
        case "revoked_reward":
            return GuidePageTexts(
                gettext("This reward is not available"),
                gettext("It was withdrawn, or it has not been handed out yet."),
                gettext("Your rewards show what you have at the moment."),
            )
        case "missing_file":
            return GuidePageTexts(
                gettext("Your guide is not here yet"),
                gettext("The file is missing on our side. We have been notified."),
                gettext("Your reward is safe. Please try this link again later."),
            )
        case "used_up_link":
            return GuidePageTexts(
                gettext("This download link was used too often"),
                gettext("It is meant for one person, and works for 50 downloads."),
                gettext("Your guide is still yours: get a new link from your rewards."),
            )
        case _:
            assert_never(problem)
