"""How a decorator of ours says in the OpenAPI document what it asks for."""

from collections.abc import Callable, Mapping
from typing import TypeVar

View = TypeVar("View", bound=Callable[..., object])


def annotate(view: Callable[..., object], **facts: object) -> None:
    """Notes facts of a view where flask-smorest gathers what it documents; referral.http.openapi makes words of them."""
    view.__dict__["_apidoc"] = {**annotations(view), **facts}  # a new one: the wrapped view keeps its own


def annotations(view: Callable[..., object]) -> Mapping[str, object]:
    """What is noted of a view."""
    found: Mapping[str, object] = view.__dict__.get("_apidoc", {})
    return found


def reads_headers(*headers: Mapping[str, object]) -> Callable[[View], View]:
    """A view that reads these headers (OpenAPI parameters) by itself; `blueprint.doc` would put them in place of all others."""

    def decorate(view: View) -> View:
        annotate(view, headers=headers)
        return view

    return decorate
