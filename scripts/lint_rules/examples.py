"""Tells the lines of code in a comment from its prose; scripts/header_examples compiles the code."""

import re

CODE = re.compile(r"^ {3,}\S")
ITEM = re.compile(r"^ {1,2}(?:[-*]|\d+\.) ")


def are_code(lines: list[str]) -> list[bool]:
    """Whether each line is code: indented by three spaces, and neither the rest of a list's item
    nor between fences, which hold other languages.

    `lines` are consecutive, without the slashes.
    """
    found, in_item, fenced = [], False, False
    for line in lines:
        if line.strip().startswith("```"):
            fenced = not fenced
        in_item = bool(ITEM.match(line)) or (in_item and bool(line.strip()))
        found.append(not in_item and not fenced and bool(CODE.match(line)))
    return found
