"""Joins the changes that two people made to the same program file. Pure."""

from link_issuer.programs.yaml_edit import is_same
from link_issuer.programs.yaml_form import Value


def merged(base: Value, mine: Value, theirs: Value) -> Value:
    """My content with their changes since `base`. Where both changed the same value differently, mine stays.

    Items of a list are the same if they have the same id or metric; a list without is one value.
    """
    if is_same(mine, base) or is_same(mine, theirs):
        return theirs
    if is_same(theirs, base):
        return mine
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _mapping(base if isinstance(base, dict) else {}, mine, theirs)
    own, other = _by_key(mine), _by_key(theirs)
    if own is not None and other is not None:
        return list(_mapping(_by_key(base) or {}, own, other).values())
    return mine


def with_changes(written: Value, before: Value, after: Value) -> Value:
    """A value as someone wrote it, with what differs between two forms of it in which defaults are left out.

    `before` means the same as `written`. What is written out although it is the default stays, unless it changes.
    """
    if is_same(before, after):
        return written
    if isinstance(written, dict) and isinstance(before, dict) and isinstance(after, dict):
        return _with_changes(written, before, after)
    keyed = _by_key(written), _by_key(before), _by_key(after)
    if keyed[0] is not None and keyed[1] is not None and keyed[2] is not None:
        content = _with_changes(keyed[0], keyed[1], keyed[2])
        return [content[key] for key in keyed[2]]
    return after


def _with_changes(written: dict[str, Value], before: dict[str, Value], after: dict[str, Value]) -> dict[str, Value]:
    content = dict(written)
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            content.pop(key, None)
        elif key not in before or key not in written:
            content[key] = after[key]
        else:
            content[key] = with_changes(written[key], before[key], after[key])
    return content


_GONE: Value = ["gone"]  # a value that no key of a file has


def _mapping(base: dict[str, Value], mine: dict[str, Value], theirs: dict[str, Value]) -> dict[str, Value]:
    content: dict[str, Value] = {}
    for key in dict.fromkeys([*mine, *theirs]):
        joined = merged(base.get(key, _GONE), mine.get(key, _GONE), theirs.get(key, _GONE))
        if joined is not _GONE:
            content[key] = joined
    return content


def _by_key(items: Value) -> dict[str, Value] | None:
    """The items of a list by their own key; None if one has none, or two have the same."""
    if not isinstance(items, list):
        return None
    keyed: dict[str, Value] = {
        str(item.get("id", item.get("metric", ""))): item for item in items if isinstance(item, dict)
    }
    return keyed if len(keyed) == len(items) and "" not in keyed else None
