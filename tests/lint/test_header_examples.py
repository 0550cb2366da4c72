"""scripts/header_examples on a small tree: an example that does not compile is refused."""

from pathlib import Path

import pytest

CLOCK = "#pragma once\n// Tells the time.\n//\n//   {example}\n//\n// Thread-safe.\nint now();\n"


@pytest.fixture
def check(load_script, tmp_path):
    """Checks a module with this header, and this context if any; returns the findings."""
    script = load_script("header_examples")
    script.ROOT, script.SOURCES = tmp_path, tmp_path / "src" / "osproxy"
    script.CONTEXTS = tmp_path / "tests" / "header_examples"
    # -I of the tree that the script was loaded from would find another header.
    script.COMPILER = [f"-I{tmp_path}/src" if c.startswith("-I") else c for c in script.COMPILER]

    def run(header: str, context: str | None = None) -> str:
        for folder, text, suffix in ((script.SOURCES, header, "h"), (script.CONTEXTS, context, "cc")):
            if text is not None:
                (folder / "core").mkdir(parents=True, exist_ok=True)
                (folder / "core" / f"clock.{suffix}").write_text(text)
        return script.check(script.SOURCES / "core")

    return run


def test_an_example_that_compiles_passes(check):
    assert check(CLOCK.format(example="const int time = now();")) == ""


def test_a_header_without_an_example_passes(check):
    assert check("#pragma once\n// Tells the time: no example.\nint now();\n") == ""


def test_lists_and_fences_are_no_examples(check):
    text = "// Holds:\n//\n// - an hour\n//   or less\n//\n// ```\n//     {json}\n// ```\nint now();\n"
    assert check("#pragma once\n" + text) == ""


def test_an_example_that_does_not_compile_is_refused(check):
    found = check(CLOCK.format(example="const int time = later();"))
    assert "clock.h:4:" in found
    assert "later" in found


def test_a_context_gives_what_is_taken_for_granted(check):
    context = "void use(int);\nvoid example() {\nEXAMPLE(1);\n}\n"
    header = CLOCK.format(example="use(now());  …")
    assert check(header, context) == ""
    assert "use" in check(header.replace("use(", "abuse("), context)


@pytest.mark.parametrize("context", ["", "EXAMPLE(1);\nEXAMPLE(2);\n"])
def test_a_context_places_each_example(check, context):
    found = check(CLOCK.format(example="now();"), context)
    assert "1 examples" in found
    assert str(Path("core") / "clock.h") in found
