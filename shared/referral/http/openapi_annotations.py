"""Annotations of views, by which decorators document themselves in the OpenAPI document."""

from collections.abc import Callable, Mapping
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


def annotate(view: Callable[..., object], **facts: object) -> None:
    """Adds facts to the attribute that flask-smorest collects; referral.http.openapi turns them into OpenAPI."""
    view.__dict__["_apidoc"] = {**annotations(view), **facts}  # a new mapping: the wrapped view keeps its own


def annotations(view: Callable[..., object]) -> Mapping[str, object]:
    """Returns the annotations of a view."""
    facts: Mapping[str, object] = view.__dict__.get("_apidoc", {})
    return facts


def reads_headers(*headers: Mapping[str, object]) -> Callable[[View], View]:
    """Documents headers (OpenAPI parameters) that a view reads; `blueprint.doc` would replace all other parameters."""

    def decorate(view: View) -> View:
        annotate(view, headers=headers)
        return view

    return decorate
