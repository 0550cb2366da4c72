"""Refuses tests with a long name, and tests that assert nothing."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from .cpp import functions_of, scopes_of
from .source import Finding, Source

MAX_NAME = 60
# Helpers of these folders are seen from all others.
SHARED = ["scripts/parts", "tests/support"]
# What a test needs before it can begin may assert that it succeeds; that is not yet a test.
PREPARATION = {
    "SetUp", "TearDown", "__enter__", "__exit__", "__init__", "accept", "close", "connect", "reset",
    "send", "serve", "start", "stop",
}  # fmt: skip
CPP_TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST)\s*\(\s*\w+\s*,\s*(\w+)\s*\)")
CPP_ASSERTION = re.compile(r"\b(?:EXPECT_\w+|ASSERT_\w+|ADD_FAILURE\w*|FAIL|static_assert)\b")
CALL = re.compile(r"(\w+)\s*(?:<[^<>()]*>)?\s*[({),]")  # called, or handed over to be


def folder(source: Source) -> str:
    return "/".join(source.path.parts[:2])


def calls_of(node: ast.AST) -> set[str]:
    calls = {n.func for n in ast.walk(node) if isinstance(n, ast.Call)}
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in calls
            if isinstance(f, (ast.Attribute, ast.Name))}  # fmt: skip


def asserts(node: ast.AST) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Attribute) and inner.attr in ("raises", "fail", "check_schema"):
            return True
        if isinstance(inner, ast.Raise) and inner.exc and "AssertionError" in ast.dump(inner.exc):
            return True
    return False


class Assertions:
    """The names of helpers that assert, or call one that does, by the folder that sees them.

    By name alone, whatever class it is in: a helper that shares its name with one that asserts is
    taken for it. Rather that than a test that is refused wrongly.
    """

    def __init__(self, sources: Iterable[Source]):
        self._names: dict[str, set[str]] = defaultdict(set)
        calls: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for source in sources:
            place = folder(source)
            for name, body_asserts, called in self._helpers(source):
                if name in PREPARATION:
                    continue
                calls[place][name] |= called
                if body_asserts:
                    self._names[place].add(name)
        for place in SHARED + sorted(set(calls) - set(SHARED)):
            before = -1
            while before != len(self._names[place]):
                before = len(self._names[place])
                known = self.seen_from(place)
                self._names[place] |= {n for n, called in calls[place].items() if called & known}

    def seen_from(self, place: str) -> set[str]:
        return self._names[place].union(*(self._names[shared] for shared in SHARED))

    @staticmethod
    def _helpers(source: Source) -> Iterator[tuple[str, bool, set[str]]]:
        if source.is_cpp and source.path.parts[0] != "src":
            for scope in functions_of(scopes_of(source)):
                body = source.code[scope.begin : scope.end]
                if scope.name and not CPP_TEST.match(scope.head):
                    yield scope.name, bool(CPP_ASSERTION.search(body)), set(CALL.findall(body))
        elif source.tree:
            for node in ast.walk(source.tree):
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("test"):
                    yield node.name, asserts(node), calls_of(node)


def tests_of(source: Source) -> Iterator[tuple[str, int, bool, set[str]]]:
    """Name, line, whether it asserts itself, and the names that it calls."""
    if source.is_cpp:
        for scope in functions_of(scopes_of(source)):
            if named := CPP_TEST.match(scope.head):
                body = source.code[scope.begin : scope.end]
                asserting = bool(CPP_ASSERTION.search(body))
                yield named[1], scope.first, asserting, set(CALL.findall(body))
    elif source.tree and source.path.name.startswith("test_"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = node.name.removeprefix("test_")
                yield name, node.lineno, asserts(node), calls_of(node)


def check_tests(source: Source, assertions: Assertions) -> Iterator[Finding]:
    if not source.is_test:
        return
    helpers = assertions.seen_from(folder(source))
    for name, line, asserting, called in tests_of(source):
        if len(name) > MAX_NAME:
            yield Finding(
                "test name", source.path, line,
                f"{name} has {len(name)} characters, more than {MAX_NAME}", "say it shorter",
            )  # fmt: skip
        if not asserting and not called & helpers:
            yield Finding(
                "assertion", source.path, line, f"{name} asserts nothing", "assert what it is about"
            )
