"""Refuses words that the project does not use, each with the reason and the word to use instead."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .source import Finding, Source

# An "answer" that follows one of these is a noun.
BEFORE_NOUN = r"""\b(?:an|the|its|their|this|every|no|any|whose|last|next|late|later|early|bad|good|
              long|large|short|final|same|of|with|without|empty|complete)"""
BEFORE_NOUNS = r"""\b(?:the|its|their|these|those|all|some|many|few|no|two|three|whose|late|early|bad|
               later|good|long|large|same|of|with|without|empty|complete|for|into)"""
NOUN = rf"""{BEFORE_NOUN}\ answer\b | {BEFORE_NOUNS}\ answers\b | \w's\ answers?\b
         | \b(?:an?|the|its|their|every|no)\ (?!who|that|which|must|to\b|not\b)\w+\ answer\b
         | \b[Aa]nswers?\ (?:of|are|were|have|do|that\ are|that\ is|was|comes?|arrives?)\b
         | \banswers?-\d"""


@dataclass(frozen=True)
class Struck:
    """A phrase. `pattern` is searched in each paragraph."""

    pattern: re.Pattern
    wrong: str
    remedy: str


PROSE = [
    Struck(
        re.compile(r"\bof ours\b"),
        '"of ours" says nothing that the sentence does not say without it',
        "leave it out, or name the owner",
    ),
    Struck(
        re.compile(r"\bof (?:its|their) own\b"),
        '"of its own" makes the reader turn the phrase round',
        'write "its own …", or leave it out',
    ),
    Struck(
        # Where the clause ends; not "as it is made", "as it is written".
        re.compile(r"\bas it is(?=$|\s*[.,;:|)\"]| (?:or|and|in|now|until|unless|but)\b)"),
        '"as it is" does not say in which respect',
        'write "unchanged", "current" or whatever is meant',
    ),
    Struck(
        re.compile(NOUN, re.X),
        '"answer" as a noun',
        'write "response"; as a verb ("the node answers") it is fine',
    ),
]

OPENING = Struck(
    re.compile(r"(?:What|Whoever|Who|That which)\b"),
    "the text opens with a relative clause, so that its subject is not named",
    "make the component the subject, with a verb in the present",
)
# Help texts and reasons begin in lower case. One that asks the reader something may.
LITERAL_OPENING = Struck(
    re.compile(r"(?:[Ww]hat|[Ww]hoever) (?!.*\?$)"), OPENING.wrong, OPENING.remedy
)

# Names that gave way to the field's terms. In code as identifiers; those that no English sentence
# holds, in prose as well.
RENAMED = {
    "Answer": "Response",
    "answer": "response",
    "answers": "responses",
    "AckBell": "ChangeNotifier",
    "Belief": "ReadOutcome",
    "CaptureSpool": "CaptureWriter",
    "CaptureTape": "CaptureBuffer",
    "JudgedRequest": "MatchedRequest",
    "Kept": "ReusePolicy",
    "Loan": "PooledObject",
    "OpinionWord": "AtomicNodeHealth",
    "RecordHome": "OwnerThreadAllocator",
    "RequestStory": "RequestDiagnostics",
    "SetKeeper": "EtcdDocumentApplier",
    "Spares": "ObjectPool",
    "UpstreamBoard": "UpstreamStats",
    "WhyRing": "DecisionRing",
    "Wish": "AcquireRequest",
    "be_well": "mark_healthy",
    "give_way": "set_idle_priority",
    "hold_off": "wait_for_owner",
    "kLastWords": "kFlushTimeout",
    "own_sight": "first_seen",
    "run_soon": "set_short_slice",
    "server_look": "tls_probe",
    "there_is_one_": "not_empty_",
}
OLD_IDENTIFIER = re.compile(rf"\b(?:{'|'.join(RENAMED)})\b(?!\s*\()")  # answer() may be a verb
OLD_IN_PROSE = re.compile(
    rf"\b(?:{'|'.join(n for n in RENAMED if re.search('[a-z][A-Z]|_', n))})\b|\banchors\.h\b"
)

# Phrases that are right where they stand: (end of the path, words of the paragraph, reason).
ALLOWED: list[tuple[str, str, str]] = []


def is_allowed(source: Source, text: str) -> bool:
    return any(str(source.path).endswith(end) and words in text for end, words, _ in ALLOWED)


def check_words(source: Source) -> Iterator[Finding]:
    for passage in source.passages:
        if is_allowed(source, passage.text):
            continue
        opening = LITERAL_OPENING if passage.kind == "literal" else OPENING
        if passage.opens and passage.kind != "heading" and opening.pattern.match(passage.text):
            yield Finding("opening", source.path, passage.lines[0][0], opening.wrong, opening.remedy)
        for struck in PROSE:
            for match in struck.pattern.finditer(passage.text):
                line = passage.line_at(match.end() - 1)
                yield Finding("word", source.path, line, struck.wrong, struck.remedy)
        for match in OLD_IN_PROSE.finditer(passage.text):
            line = passage.line_at(match.start())
            remedy = f"write {RENAMED.get(match[0], 'anchor_machine.h')}"
            yield Finding("old name", source.path, line, f"{match[0]} is no name any more", remedy)
    for match in OLD_IDENTIFIER.finditer(source.code):
        line = source.code.count("\n", 0, match.start()) + 1
        remedy = f"write {RENAMED[match[0]]}"
        yield Finding("old name", source.path, line, f"{match[0]} is no name any more", remedy)
