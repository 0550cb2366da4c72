"""Each rule of scripts/lint_style: texts that it refuses, and like ones that it lets pass."""

from pathlib import Path

import pytest

HEADER = "src/osproxy/http/head.h"
TEST = "tests/http/head_test.cc"
PYTHON_TEST = "tests/integration/test_head.py"
PAGE = "docs/http.md"


@pytest.fixture
def rules_broken(load_script, tmp_path):
    """The rules that a text breaks at this path, with the lines."""
    lint_style = load_script("lint_style")

    def check(path: str, text: str) -> list[tuple[str, int]]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        return [(f.rule, f.line) for f in lint_style.check(tmp_path, [Path(path)])]

    return check


def function(body_lines: int) -> str:
    return "void f() {\n" + "  g();\n" * body_lines + "}\n"


def with_switch(cases: int, last: str = "") -> str:
    body = "".join(f"    case {n}: return {n};\n" for n in range(cases))
    return f"int f(int n) {{\n  switch (n) {{\n{body}{last}  }}\n  return 0;\n}}\n"


def with_table(rows: int) -> str:
    body = "".join(f'    {{{n}, "}}"}},\n' for n in range(rows))
    return f"Rows f() {{\n  return {{\n{body}  }};\n}}\n"


def class_with(members: int, comment: str = "") -> str:
    body = "".join(f"  std::function<void(int)> f{n}_ = make(1);\n" for n in range(members))
    return f"{comment}class C {{\n public:\n  C();\n  int g(int n) {{ return n; }}\n{body}}};\n"


def cpp_test(name: str, body: str) -> str:
    return f"TEST(Head, {name}) {{\n  {body}\n}}\n"


WORDS = {
    "comment_opens_with_what": ("opening", HEADER, "// What a head holds.\n", 1),
    "comment_opens_with_whoever": ("opening", HEADER, "int a;\n/// Whoever reads it.\nint b;\n", 2),
    "section_opens_with_what": ("opening", PAGE, "# Heads\n\nWhat is sent is passed on.\n", 3),
    "help_opens_with_what": ("opening", HEADER, 'Row r{"what each node is asked"};\n', 1),
    "docstring_opens_with_what": ("opening", PYTHON_TEST, '"""What is sent."""\n', 1),
    "of_ours": ("word", HEADER, "// A header of ours.\n", 1),
    "of_its_own_across_lines": ("word", HEADER, "int a;\n// A thread of its\n// own.\n", 3),
    "as_it_is": ("word", PAGE, "The path goes on as it is.\n", 1),
    "answer_in_a_comment": ("word", HEADER, "// Reads the node's answer.\n", 1),
    "answers_in_docs": ("word", PAGE, "It counts the answers that came.\n", 1),
    "answer_as_an_identifier": ("old name", HEADER, "int f(int answer);\n", 1),
    "old_name_in_code": ("old name", HEADER, "Loan loan_;\n", 1),
    "old_name_in_prose": ("old name", PAGE, "`RequestStory` tells it.\n", 1),
}


@pytest.mark.parametrize("case", WORDS)
def test_words_that_are_refused(rules_broken, case):
    rule, path, text, line = WORDS[case]
    assert rules_broken(path, text) == [(rule, line)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (HEADER, "// Says what a head holds.\n//\n// What is more is no opening.\n"),
        (HEADER, "// The first that answers is asked, and each answers once.\n"),
        (HEADER, "// The node did not answer in time; nothing may answer it.\n"),
        (HEADER, "// Of the nodes that answer, one asks, the other answers.\n"),
        (HEADER, "// Each record, as it is made; a header of our time.\n"),
        (HEADER, "void answer(int status);\n"),
        (HEADER, "//   Loan loan;  // an example, which a compiler checks\n"),
        (HEADER, "int n = 1'000'000;  // a digit separator opens no literal\n"),
        (PAGE, "```\nWhat a fenced block says of ours is not read.\n```\n"),
        (PAGE, "## What it costs\n\nNothing. A loan, kept: a wish.\n"),
        (TEST, 'auto text = "what a test sends is of its own";\n'),
    ],
)
def test_words_that_pass(rules_broken, path, text):
    assert rules_broken(path, text) == []


def test_a_phrase_may_be_allowed_where_it_is_right(rules_broken, monkeypatch):
    text = "// Shows the state of ours and theirs.\n"
    assert rules_broken(HEADER, text) == [("word", 1)]
    monkeypatch.setattr("lint_rules.words.ALLOWED", [("http/head.h", "ours and theirs", "reason")])
    assert rules_broken(HEADER, text) == []
    assert rules_broken(TEST, text) == [("word", 1)]


@pytest.mark.parametrize(
    "text",
    [
        function(69),
        with_switch(80, last="    default: return 1;\n"),
        with_switch(10) + function(75),
        "class C {\n  C() : a_{1}, b_(2) {\n" + "    g();\n" * 70 + "  }\n};\n",
    ],
)
def test_long_functions_are_refused(rules_broken, text):
    assert [rule for rule, _ in rules_broken(HEADER, text)] == ["function"]


@pytest.mark.parametrize("text", [function(68), with_switch(80), with_table(80), function(60) * 2])
def test_short_functions_and_tables_pass(rules_broken, text):
    assert rules_broken(HEADER, text) == []


def test_a_long_python_function_is_refused(rules_broken):
    assert rules_broken("tests/lint/x.py", "def f():\n" + "    g()\n" * 69) == []
    assert rules_broken("tests/lint/x.py", "def f():\n" + "    g()\n" * 70) == [("function", 1)]


def test_a_class_with_many_members_gives_its_reason(rules_broken):
    assert rules_broken(HEADER, class_with(15)) == []
    assert rules_broken(HEADER, class_with(16)) == [("members", 1)]
    assert rules_broken(HEADER, class_with(16, "/// Holds all.\n")) == [("members", 2)]
    reason = "/// Holds all.\n///\n/// Members: one for each field of the document.\n"
    assert rules_broken(HEADER, class_with(16, reason)) == []


def test_wide_comments_are_refused(rules_broken):
    assert rules_broken(HEADER, "// " + "x" * 97 + "\n") == []
    assert rules_broken(HEADER, "// " + "…" * 97 + "\n") == []
    assert rules_broken(HEADER, "// " + "x" * 98 + "\n") == [("width", 1)]
    assert rules_broken(HEADER, "// https://example.org/" + "x" * 98 + "\n") == []


def test_long_test_names_are_refused(rules_broken):
    assert rules_broken(TEST, cpp_test("N" * 60, "EXPECT_TRUE(f());")) == []
    assert rules_broken(TEST, cpp_test("N" * 61, "EXPECT_TRUE(f());")) == [("test name", 1)]
    assert rules_broken(PYTHON_TEST, f"def test_{'n' * 60}():\n    assert f()\n") == []
    long = f"def test_{'n' * 61}():\n    assert f()\n"
    assert rules_broken(PYTHON_TEST, long) == [("test name", 1)]


CHECK = "void check(int n) { EXPECT_EQ(n, 1); }\nvoid check_all() { check(1); }\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TEST, cpp_test("ReadsIt", "f();")),
        (TEST, cpp_test("ReadsIt", 'f("EXPECT_EQ(1, 1)");  // ASSERT_EQ')),
        (TEST, "void SetUp() { ASSERT_EQ(1, 1); }\n" + cpp_test("ReadsIt", "SetUp();")),
        (PYTHON_TEST, "def test_it():\n    f()\n"),
    ],
)
def test_tests_that_assert_nothing_are_refused(rules_broken, path, text):
    assert [rule for rule, _ in rules_broken(path, text)] == ["assertion"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (TEST, cpp_test("ReadsIt", "ASSERT_TRUE(f());")),
        (TEST, CHECK + cpp_test("ReadsIt", "check_all();")),
        (TEST, CHECK + cpp_test("ReadsIt", "std::ranges::for_each(kRows, check);")),
        (PYTHON_TEST, "def check(n):\n    assert n\n\n\ndef test_it():\n    check(1)\n"),
        (PYTHON_TEST, "def test_it():\n    with pytest.raises(OSError):\n        f()\n"),
    ],
)
def test_tests_that_assert_pass(rules_broken, path, text):
    assert rules_broken(path, text) == []


def test_a_finding_names_its_place_and_a_remedy(load_script, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / PAGE).write_text("A header of ours.\n")
    (found,) = load_script("lint_style").check(tmp_path, [Path(PAGE)])
    assert str(found).startswith('docs/http.md:1: "of ours" says nothing')
    assert str(found).endswith(": leave it out, or name the owner")
