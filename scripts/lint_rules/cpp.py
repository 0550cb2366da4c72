"""The scopes of a C++ file: its functions and classes, found by their braces.

No parser: it relies on how clang-format sets braces, `name_{value}` for an initializer and a blank
before the brace of a body.
"""

import bisect
import re
from dataclasses import dataclass, field

from .source import Source

SPECIFIERS = re.compile(r"\[\[.*?\]\]|\balignas\([^)]*\)|\b(?:public|private|protected):")
CLASS = re.compile(r"^(?:template\s*(?:<.*>)?\s*)?(?:class|struct|union)\b(?!.*\()", re.S)
CONTROL = re.compile(r"^(?:if|for|while|switch|else|do|try|catch|return|case|default|co_return)\b")
NAMED = re.compile(r"(~?\w+)\s*\(")


@dataclass
class Scope:
    kind: str  # "file", "outer", "class", "function", "switch", "initializer" or "block"
    head: str  # the statement that it belongs to
    first: int  # the line on which that statement begins
    begin: int  # the offset behind its brace
    last: int = 0
    end: int = 0
    inner: list["Scope"] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)  # of a class, at its level

    @property
    def name(self) -> str:
        if self.kind == "class":
            named = re.sub(r"\s*(?:final\b|:(?!:)).*", "", self.head, flags=re.S).split()
            return named[-1] if named else ""
        match = NAMED.search(self.head)
        return match[1] if match else ""

    def all(self):
        yield self
        for scope in self.inner:
            yield from scope.all()


def without_templates(text: str) -> str:
    """Without balanced <…>, so that a parenthesis in one is none."""
    before = None
    while before != text:
        before, text = text, re.sub(r"<[^<>]*>", "", text)
    return text


def kind_of(text: str, head: str, at: int, around: str) -> str:
    before = text[:at].rstrip()
    adjacent = at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_>]")
    if adjacent or before.endswith(("=", "(", ",", "return")):
        return "initializer"
    if re.match(r"(?:inline )?namespace\b|extern\b", head):
        return "outer"
    if CLASS.match(without_templates(head)):
        return "class"
    if head.startswith("enum"):
        return "block"
    if around in ("file", "outer", "class") and "(" in head and not CONTROL.match(head):
        return "function" if not re.search(r"^[^(]*[^=!<>]=[^=]", head) else "block"
    if head.startswith("switch"):
        return "switch"
    return "initializer" if before.endswith("{") or around == "initializer" else "block"


def scopes_of(source: Source) -> Scope:
    text = re.sub(r"(?m)^[ \t]*#(?:.*\\\n)*.*$", lambda m: re.sub(r"[^\n]", " ", m[0]), source.code)
    newlines = [match.start() for match in re.finditer("\n", text)]

    def line_at(offset: int) -> int:
        return bisect.bisect_left(newlines, offset) + 1

    root = Scope("file", "", 1, 0)
    stack, start, parens = [root], 0, 0  # `start`: where the statement under way begins
    for match in re.finditer(r"[{};()]", text):
        at, sign = match.start(), match[0]
        scope = stack[-1]
        if sign in "()":
            parens += 1 if sign == "(" else -1
        elif sign == "{":
            raw = text[start:at]
            head = SPECIFIERS.sub(" ", raw).strip()
            kind = kind_of(text, head, at, scope.kind)
            first = line_at(start + len(raw) - len(raw.lstrip()))
            stack.append(Scope(kind, head, first, at + 1))
            scope.inner.append(stack[-1])
        elif sign == "}" and len(stack) > 1:
            scope.end, scope.last = at, line_at(at)
            stack.pop()
        elif sign == ";" and scope.kind == "class" and parens == 0:
            scope.statements.append(SPECIFIERS.sub(" ", text[start:at]).strip())
        if sign not in "()" and scope.kind != "initializer" and stack[-1].kind != "initializer":
            start = at + 1
    return root


def functions_of(root: Scope) -> list[Scope]:
    return [scope for scope in root.all() if scope.kind == "function"]


def classes_of(root: Scope) -> list[Scope]:
    return [scope for scope in root.all() if scope.kind == "class"]
