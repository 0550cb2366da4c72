"""Refuses long functions, classes with many members and wide comments."""

import ast
import re
from collections.abc import Iterator

from .cpp import Scope, classes_of, functions_of, scopes_of, without_templates
from .source import Finding, Source

MAX_FUNCTION_LINES = 70
# A table or an exhaustive switch may make a function long; the rest of it may not.
MAX_LINES_AROUND_A_TABLE = 25
MAX_DATA_MEMBERS = 15
MAX_COLUMNS = 100
# "Members: …" in a class's comment says why it has so many.
REASON = re.compile(r"\bmembers: \w", re.I)
NO_MEMBER = re.compile(
    r"^(?:using|typedef|friend|static|enum|class|struct|union|template|constexpr|inline)\b"
    r"|\boperator\b"
)


def lines_of_tables(function: Scope, code: str) -> int:
    """Of the initializers and the switches without `default` in it that hold no others."""
    if function.kind == "initializer" or (
        function.kind == "switch" and "default:" not in code[function.begin : function.end]
    ):
        return code.count("\n", function.begin, function.end)
    return sum(lines_of_tables(scope, code) for scope in function.inner)


def data_members(scope: Scope) -> int:
    count = 0
    for statement in scope.statements:
        text = without_templates(statement)
        declared = re.split(r"[={]", text, maxsplit=1)[0]
        count += bool(re.search(r"\w", text)) and "(" not in declared and not NO_MEMBER.search(text)
    return count


def comment_above(source: Source, line: int) -> str:
    comments = dict(source.comment_lines)
    found = []
    while (line := line - 1) in comments:
        found.insert(0, comments[line].lstrip("/ "))
    return " ".join(found)


def long_functions(source: Source, root: Scope) -> Iterator[tuple[str, int, int]]:
    for function in functions_of(root):
        lines = function.last - function.first + 1
        around = lines - lines_of_tables(function, source.code)
        if lines > MAX_FUNCTION_LINES and around > MAX_LINES_AROUND_A_TABLE:
            yield function.name, function.first, lines


def check_sizes(source: Source) -> Iterator[Finding]:
    found: list[tuple[str, int, int]] = []
    if source.is_cpp:
        root = scopes_of(source)
        found = list(long_functions(source, root))
        for scope in classes_of(root):
            members = data_members(scope)
            if members > MAX_DATA_MEMBERS and not REASON.search(comment_above(source, scope.first)):
                yield Finding(
                    "members", source.path, scope.first,
                    f"{scope.name} has {members} data members, more than {MAX_DATA_MEMBERS}",
                    'cut it, or say why in its comment: "Members: …"',
                )  # fmt: skip
    elif source.tree:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.append((node.name, node.lineno, lines))
    for name, line, lines in found:
        yield Finding(
            "function", source.path, line,
            f"{name} has {lines} lines, more than {MAX_FUNCTION_LINES}", "cut it",
        )  # fmt: skip
    rows = source.text.splitlines()
    for number, _ in source.comment_lines:
        if len(rows[number - 1]) > MAX_COLUMNS and "://" not in rows[number - 1]:
            yield Finding(
                "width", source.path, number,
                f"a comment line of {len(rows[number - 1])} columns", f"break it at {MAX_COLUMNS}",
            )  # fmt: skip
