"""Generated contents of YAML files: any texts, numbers, lists and mappings."""

from hypothesis import strategies as st

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
_KEY = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=6)
_SCALAR = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(-1e6, 1e6, width=32) | _TEXT
VALUE = st.recursive(
    _SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY, inner, max_size=4), max_leaves=12
)
DOCUMENT = st.dictionaries(_KEY, VALUE, max_size=5)
