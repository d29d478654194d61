"""The language of the code: standard names, one word for one meaning, plain prose. The terms are in docs/glossary.md."""

import ast
import io
import re
import subprocess
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = (
    "shared",
    "services/link-issuer",
    "services/conversion-tracker",
    "services/reward-dispatcher",
    "services/leaderboard",
    "tools",
)

# Words of narrative prose. In technical prose each has a plain replacement: "no participant", "otherwise", "is".
DIALECT = frozenset(
    [
        "nobody",
        "somebody",
        "whoever",
        "whom",
        "whose",
        "anybody",
        "said",
        "told",
        "tells",
        "says",
        "say",
        "stands",
        "lies",
        "asked",
        "asks",
        "meanwhile",
        "anew",
        "amid",
        "else",
        "kept",
        "dealt",
        "hears",
        "heard",
        "brought",
    ]
)
MAX_DIALECT_PER_1000 = 3.0

# Participles that do not end in -ed. A function is named by a verb or a noun: what it does, or what it returns.
IRREGULAR_PARTICIPLES = frozenset(
    [
        "said",
        "told",
        "found",
        "kept",
        "shown",
        "brought",
        "held",
        "given",
        "begun",
        "broken",
        "known",
        "spoken",
        "woven",
        "left",
        "heard",
        "dealt",
    ]
)
MAX_PARTICIPLE_SHARE = 0.02

# Parts of names that were retired, each with what to write instead.
RETIRED = {
    "amid": "during, between",
    "asked": "the thing requested: query, request_digest, …",
    "beheaded": "truncated",
    "bury": "drop, remove",
    "collaborators": "dependencies",
    "dealt": "assigned",
    "equip": "init_app",
    "errand": "delivery, task",
    "hindrance": "unavailable_reason",
    "hot": "fast",
    "hurried": "what it is for: for_http, …",
    "judge": "decide, verdict",
    "knock": "wait_for_broker, probe",
    "lent": "borrow",
    "mint": "CodeGenerator, generate",
    "nobody": "no participant, nothing",
    "noted": "apply, record",
    "onward": "resolve, forward",
    "places": "log_positions, json_path, state_keys, …",
    "said": "the thing published: verdict, outcome, line",
    "says": "description, text",
    "shuns": "is_blocked",
    "somebody": "person, participant",
    "sorry": "error_page",
    "speak": "produce",
    "speaker": "producer",
    "spoke": "produced",
    "spoken": "output_lines, localized, normalized",
    "told": "the thing published or known",
    "weaving": "merge_order",
    "whoever": "caller, person",
    "withheld": "secret, redacted",
    "woven": "merged",
}

# File names that every package may use, always with the same meaning (CONTRIBUTING, "How code is laid out").
CONVENTIONAL_MODULES = frozenset(
    [
        "__init__",
        "__main__",
        "api",
        "app",
        "fold",
        "store",
        "catalogue",
        "errors",
        "rule",
        "texts",
        "requests",
        "responses",
    ]
)


@cache
def tracked(pattern: str) -> tuple[str, ...]:
    """The files of the repository that match a git pathspec, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, check=True
    )
    return tuple(name for name in listed.stdout.decode().split("\n") if name and (ROOT / name).is_file())


def modules(distribution: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file of a distribution with its syntax tree."""
    for name in tracked(f"{distribution}/*.py"):
        yield name, ast.parse((ROOT / name).read_text())


def prose_of_code(source: str) -> str:
    """The comments and docstrings of a Python file."""
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [
        text
        for node in ast.walk(ast.parse(source))
        if isinstance(node, documented) and (text := ast.get_docstring(node))
    ]
    return "\n".join(comments + docstrings)


def dialect_density(texts: dict[str, str]) -> tuple[float, list[tuple[int, str]]]:
    """Dialect words per 1,000 words of these texts, and the ten files with the most of them."""
    words, by_file = 0, []
    for name, text in texts.items():
        found = re.findall(r"[a-z]+", text.lower())
        words += len(found)
        by_file.append((sum(word in DIALECT for word in found), name))
    return 1000 * sum(count for count, _ in by_file) / max(1, words), sorted(by_file, reverse=True)[:10]


def functions(tree: ast.Module) -> Iterator[str]:
    """The names of all functions and methods, without leading underscores."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name.strip("_")


def is_participle(name: str) -> bool:
    """Whether a name is a single participle, such as `mapped` or `told`."""
    return "_" not in name and (name.endswith("ed") or name in IRREGULAR_PARTICIPLES)


def defined_names(tree: ast.Module) -> Iterator[str]:
    """The names of modules' functions, methods, classes and constants."""
    yield from functions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name) and target.id.isupper())


def words_of(name: str) -> set[str]:
    """The words of an identifier: `LogAwayError` has log, away and error."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_prose_in_code_is_plain_english() -> None:
    """Comments and docstrings of what is installed, tools included."""
    texts = {name: prose_of_code((ROOT / name).read_text()) for one in DISTRIBUTIONS for name in tracked(f"{one}/*.py")}
    density, worst = dialect_density(texts)
    assert density <= MAX_DIALECT_PER_1000, worst


def test_documents_are_plain_english() -> None:
    """Every Markdown file of the repository."""
    density, worst = dialect_density({name: (ROOT / name).read_text() for name in tracked("*.md")})
    assert density <= MAX_DIALECT_PER_1000, worst


def test_functions_are_not_named_by_a_bare_participle() -> None:
    """A few standard ones remain within the limit, such as a callback's fixed name."""
    names = [name for one in DISTRIBUTIONS for _, tree in modules(one) for name in functions(tree)]
    participles = Counter(filter(is_participle, names))
    assert participles.total() <= MAX_PARTICIPLE_SHARE * len(names), participles.most_common()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_class_name_is_defined_once_in_a_distribution(distribution: str) -> None:
    """So that a name in a traceback or a review needs no path to be understood."""
    defined = defaultdict(list)
    for name, tree in modules(distribution):
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(name)
    assert {one: files for one, files in defined.items() if len(files) > 1} == {}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_module_name_has_one_meaning_in_a_distribution(distribution: str) -> None:
    """Apart from names that mean the same in every package, such as `api` and `store`."""
    used = defaultdict(list)
    for name in tracked(f"{distribution}/*.py"):
        used[Path(name).stem].append(name)
    twice = {stem: files for stem, files in used.items() if len(files) > 1 and stem not in CONVENTIONAL_MODULES}
    assert twice == {}


def test_retired_words_are_not_used_as_names() -> None:
    """Neither of modules nor of what they define."""
    found = []
    for distribution in DISTRIBUTIONS:
        for name, tree in modules(distribution):
            for defined in {Path(name).stem, *defined_names(tree)}:
                found += [f"{name}: {defined} (write {RETIRED[word]})" for word in words_of(defined) & RETIRED.keys()]
    assert sorted(found) == []


def test_the_checks_see_what_they_forbid() -> None:
    """Each rule on a sample of its own."""
    source = 'def told():\n    """Nobody said so."""\n    return 1  # whoever asks\n'
    assert dialect_density({"sample": prose_of_code(source)})[0] > MAX_DIALECT_PER_1000
    assert [name for name in functions(ast.parse(source)) if is_participle(name)] == ["told"]
    assert words_of("KafkaSpeaker") & RETIRED.keys() == {"speaker"}
    assert words_of("HTTPStatus") == {"http", "status"}
