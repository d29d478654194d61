"""A marshmallow schema that refuses unknown fields, with messages that include what to write instead."""

from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any, cast

from marshmallow import RAISE, Schema, ValidationError, fields

from referral.validation.mistakes import MAX_MISTAKES

_LONGEST_NAME = 64
_BUILT_IN = fields.Field.default_error_messages


class StrictSchema(Schema):
    """A section or request body: unknown fields are refused."""

    class Meta:
        """Refuses unknown fields."""

        unknown = RAISE

    def handle_error(self, error: ValidationError, data: object, **_: object) -> None:
        """Adds what to write instead to marshmallow's own messages; called by marshmallow for each section."""
        messages = cast("dict[str, Any]", error.messages)
        # Beyond those that are listed, the search for a similar name would cost much and change nothing.
        first = islice(sorted(messages.items(), key=lambda one: str(one[0])), MAX_MISTAKES)
        for name, problems in first:
            if isinstance(problems, list):
                messages[name] = [self._with_remedy(str(name), str(problem)) for problem in problems]

    def _with_remedy(self, name: str, problem: str) -> str:
        known = {field.data_key or own: field for own, field in self.fields.items()}
        if problem == self.error_messages["unknown"]:
            return f"unknown field{_suggestion(name[:_LONGEST_NAME], tuple(known))}"
        if problem == self.error_messages["type"]:
            return f"must be a mapping (in JSON an object) with {', '.join(known)}"
        description = known[name].metadata.get("description") if name in known else None
        if problem in (_BUILT_IN["required"], _BUILT_IN["null"]):
            return f"is required: {description}"
        return f"{problem} Expected: {description}" if description and problem.startswith("Not a valid") else problem


@lru_cache(1024)  # items of a list often have the same wrong field
def _suggestion(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1)
    return f": did you mean {close[0]}?" if close else f": use one of {', '.join(known)}"
