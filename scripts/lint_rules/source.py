"""Reads a file for the rules: its code without comments and literals, and its prose by itself.

`Source.code` has as many lines and columns as the file: comments and literals are blanks in it, so
that a rule may search it and report the line of a match. `Source.passages` are the paragraphs that
a person reads: those of comments, of string literals (in src), and of Markdown.
"""

import ast
import bisect
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from .examples import are_code


@dataclass(frozen=True)
class Finding:
    rule: str
    path: Path
    line: int
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.wrong}: {self.remedy}"


@dataclass
class Passage:
    """A paragraph, its lines joined by blanks."""

    kind: str  # "comment", "literal", "heading" or "text"
    opens: bool  # the first paragraph of its comment, literal or section
    lines: list[tuple[int, str]]

    def __post_init__(self):
        self.starts, self.text = [], ""
        for _, text in self.lines:
            self.text += " " if self.text else ""
            self.starts.append(len(self.text))
            self.text += text

    def line_at(self, offset: int) -> int:
        return self.lines[bisect.bisect_right(self.starts, offset) - 1][0]


@dataclass
class Source:
    path: Path  # relative to the project's root
    text: str
    code: str = ""
    passages: list[Passage] = field(default_factory=list)
    comment_lines: list[tuple[int, str]] = field(default_factory=list)  # each comment, by line
    tree: ast.Module | None = None  # of Python

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"

    @property
    def is_cpp(self) -> bool:
        return self.path.suffix in (".cc", ".h")


CPP_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>\bR"(?P<fence>[^(\s]*)\(.*?\)(?P=fence)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9a-fA-F])'(?:\\[^\n]+?|[^'\\\n])')""",
    re.S | re.X,
)


def blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def add_paragraphs(source: Source, kind: str, lines: list[tuple[int, str]]) -> None:
    """Splits a block at its empty lines."""
    opens, paragraph = True, []
    for number, text in [*lines, (0, "")]:
        if text.strip():
            paragraph.append((number, text.strip()))
        elif paragraph:
            source.passages.append(Passage(kind, opens, paragraph))
            opens, paragraph = False, []


def add_comments(source: Source, comments: list[tuple[int, int, bool, str]]) -> None:
    """Joins whole-line comments on consecutive lines into blocks; one next to code is a block."""
    block: list[tuple[int, str]] = []

    def close() -> None:
        code = are_code([text for _, text in block])
        lines = [(n, "" if is_code else text) for (n, text), is_code in zip(block, code)]
        add_paragraphs(source, "comment", lines)
        block.clear()

    last = (0, 0, False)
    for number, column, whole, text in comments:
        source.comment_lines.append((number, text))
        if not (whole and last == (number - 1, column, True)):
            close()
        last = (number, column, whole)
        block.append((number, re.sub(r"^(///?<?|/\*+|#+!?)", "", text).removesuffix("*/")))
    close()


def read_cpp(source: Source) -> None:
    text, pieces, comments, literals, end = source.text, [], [], [], 0
    newlines = [m.start() for m in re.finditer("\n", text)]
    for match in CPP_TOKEN.finditer(text):
        number = bisect.bisect_left(newlines, match.start()) + 1
        begin = newlines[number - 2] + 1 if number > 1 else 0
        before = text[begin : match.start()]
        pieces += [text[end : match.start()]]
        if match["comment"]:
            comments.append((number, len(before), not before.strip(), match[0]))
            pieces.append(blank(match[0]))
        elif match["char"]:
            pieces.append(blank(match[0]))
        else:
            inner = match[0][1:-1]
            if match["raw"]:
                inner = inner.split("(", 1)[1].rsplit(")", 1)[0]
            joined = literals and not text[end : match.start()].strip() and end == literals[-1][0]
            lines = [(number + i, line) for i, line in enumerate(inner.split("\n"))]
            if not joined:
                literals.append([match.end(), []])
            literals[-1][0] = match.end()
            literals[-1][1] += lines
            pieces.append('"' + blank(match[0][1:-1]) + '"')
        end = match.end()
    source.code = "".join([*pieces, text[end:]])
    add_comments(source, comments)
    if source.path.parts[0] == "src":
        for _, lines in literals:
            add_paragraphs(source, "literal", [(n, t.replace("\\n", " ")) for n, t in lines])


def read_python(source: Source) -> None:
    source.tree = ast.parse(source.text)
    lines = source.text.splitlines()
    code, comments = list(lines), []
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        (row, column), (last_row, last_column) = token.start, token.end
        if token.type == tokenize.COMMENT:
            whole = not lines[row - 1][:column].strip()
            comments.append((row, column, whole, token.string))
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            for n in range(row, last_row + 1):
                first = column if n == row else 0
                last = last_column if n == last_row else len(code[n - 1])
                code[n - 1] = code[n - 1][:first] + " " * (last - first) + code[n - 1][last:]
    source.code = "\n".join(code)
    add_comments(source, comments)
    for node in ast.walk(source.tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            continue
        if text := ast.get_docstring(node, clean=False):
            first = node.body[0].lineno
            block = [(first + i, line) for i, line in enumerate(text.split("\n"))]
            add_paragraphs(source, "comment", block)


def read_markdown(source: Source) -> None:
    """Fenced blocks are left out; a row of a table is a paragraph."""
    fenced, after_heading, block = False, True, []

    def close() -> None:
        nonlocal after_heading, block
        if block:
            source.passages.append(Passage("text", after_heading, block))
            after_heading = False
        block = []

    for number, line in enumerate(source.text.splitlines(), start=1):
        text = line.strip()
        starts_anew = not text or re.match(r"\||#|```|([-*]|\d+\.) ", text)
        if starts_anew or fenced:
            close()
        if text.startswith("```"):
            fenced = not fenced
        elif fenced:
            continue
        elif text.startswith("#"):
            heading = [(number, text.lstrip("# "))]
            source.passages.append(Passage("heading", True, heading))
            after_heading = True
        elif text.startswith("|"):
            for cell in text.strip("|").split("|"):
                source.passages.append(Passage("text", False, [(number, cell.strip())]))
        elif text:
            block.append((number, text))
    close()


def read_source(root: Path, path: Path) -> Source:
    """`path` is relative to `root`."""
    source = Source(path, (root / path).read_text())
    if path.suffix in (".cc", ".h", ".proto"):
        read_cpp(source)
    elif path.suffix == ".py":
        read_python(source)
    else:
        read_markdown(source)
    return source
