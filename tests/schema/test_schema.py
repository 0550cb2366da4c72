"""The JSON Schema of the document and the decoder accept and refuse the same documents.

EXCEPTIONS lists, by slug, the rules that a schema cannot express. On all else the two must agree: on
hand-written documents for every slug, and on thousands of mutations of valid documents.

Needs the decoder as a program: OSPROXY_BIN_DIR is the folder of `decode_documents`.
"""

import copy
import ipaddress
import json
import os
import random
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schema" / "directives.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SEED = int(os.environ.get("OSPROXY_TEST_SEED", "2026"))
MUTATIONS = 6_000


def decode(texts):
    """The decoder's verdict on each text: "ok", or (slug, where)."""
    binary = Path(os.environ["OSPROXY_BIN_DIR"]) / "decode_documents"
    assert all("\n" not in text for text in texts)
    done = subprocess.run(
        [binary], input="".join(text + "\n" for text in texts).encode(), capture_output=True,
        check=True, timeout=120,
    )  # fmt: skip
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(texts)
    return ["ok" if line == "ok" else tuple(line.split(" ", 1)) for line in lines]


def schema_accepts(text):
    """The schema's verdict; None if the text is not JSON, to which a schema does not apply."""
    try:
        return VALIDATOR.is_valid(json.loads(text))
    except (ValueError, RecursionError):
        return None


# --- What a schema cannot express ---------------------------------------------------------------


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from strings(element)
    elif isinstance(value, dict):
        for key, element in value.items():
            yield key
            yield from strings(element)


def is_beyond_json(text):
    """Python's parser accepts NaN, Infinity and lone surrogates, which are not JSON or not text."""
    found = []
    value = json.loads(text, parse_constant=found.append)
    return bool(found) or any("\ud800" <= c <= "\udfff" for s in strings(value) for c in s)


def has_duplicate_field(text):
    found = []

    def pairs(items):
        found.append(len({key for key, _ in items}) != len(items))
        return dict(items)

    json.loads(text, object_pairs_hook=pairs)
    return any(found)


def has_duplicate_id(text):
    ids = [directive["id"] for directive in json.loads(text)["directives"]]
    return len(set(ids)) != len(ids)


def is_too_large(text):
    return len(text.encode()) > 1 << 20


def is_longer_in_bytes(field, limit):
    def check(text):
        values = [d.get(field, "") for d in json.loads(text)["directives"]]
        return any(len(value) <= limit < len(value.encode()) for value in values)

    return check


def has_integer_in_other_clothes(text):
    """1.0, 1e3 and -0 are integers to a schema, which sees values and not their spelling."""
    found = []
    json.loads(
        text,
        parse_float=lambda s: found.append(float(s).is_integer()) or float(s),
        parse_int=lambda s: found.append(s == "-0") or int(s),
    )
    return any(found)


def has_impossible_date(text):
    def impossible(directive):
        match = re.match(r"(\d{4})-(\d\d)-(\d\d)T", directive.get("expires_at", ""))
        if not match:
            return False
        year, month, day = map(int, match.groups())
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return day > [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]

    return any(map(impossible, json.loads(text)["directives"]))


def has_impossible_block(text):
    """Host bits, and IPv6 addresses of a wrong form, are beyond the schema's patterns."""
    def impossible(directive):
        try:
            ipaddress.ip_network(directive.get("client", "::"))
        except ValueError:
            return True
        return False

    return any(map(impossible, json.loads(text)["directives"]))


# The decoder refuses, with this slug, documents that the schema accepts, only if the predicate
# holds.
EXCEPTIONS = {
    "invalid_json": is_beyond_json,
    "duplicate_field": has_duplicate_field,
    "duplicate_id": has_duplicate_id,
    "too_large": is_too_large,
    "bad_id": is_longer_in_bytes("id", 128),
    "bad_reason": is_longer_in_bytes("reason", 256),
    "bad_author": is_longer_in_bytes("author", 256),
    "missing_ttl_secs": has_integer_in_other_clothes,
    "bad_sample_rate": has_integer_in_other_clothes,
    "bad_min_latency": has_integer_in_other_clothes,
    "bad_min_failed_items": has_integer_in_other_clothes,
    "bad_max_records": has_integer_in_other_clothes,
    "bad_expires_at": has_impossible_date,
    "bad_client": has_impossible_block,
}


def disagreement(text, decoded):
    """Why the two differ without an exception; None if they agree."""
    by_schema = schema_accepts(text)
    if decoded == "ok":
        return None if by_schema else "the decoder accepts, the schema does not"
    slug, where = decoded
    if by_schema is None:
        return None if slug in ("invalid_json", "too_large", "too_deep") else f"no JSON, yet {slug}"
    if not by_schema:
        return None
    if slug in EXCEPTIONS and EXCEPTIONS[slug](text):
        return None
    return f"the schema accepts, the decoder says {slug} at {where}"


# --- Hand-written documents ---------------------------------------------------------------------


def document(*directives):
    return '{"directives":[' + ",".join(directives) + "]}"


def directive(**fields):
    """A valid directive with other fields; None leaves a field out."""
    merged = {"id": "a", "level": "Shape", "ttl_secs": 60} | fields
    return json.dumps({key: value for key, value in merged.items() if value is not None})


def raw(fields):
    return document('{"id":"a","level":"Shape","ttl_secs":60,' + fields + "}")


FULL = {
    "id": "x", "level": "ShapeRewriteDiff", "expires_at": "2031-02-03T04:05:06.7Z",
    "tenant": "acme", "index": "logs-*", "principal": "ana", "principal_verified": True, "endpoint": "IngestBulk",
    "client": "10.0.0.0/8", "agent": "opensearch-py/2.4", "opaque_id": "job 7",
    "sample_per_mille": 5, "ring_buffer": True, "capture": False, "min_latency_ms": 250,
    "status": "5xx", "shape": "00d2814f85dcdeda", "min_failed_items": 2, "max_records": 10, "reason": "INC-2291", "author": "ana",
}  # fmt: skip

VALID = [
    document(),
    document(directive()),
    document(json.dumps(FULL)),
    document(directive(), json.dumps(FULL)),
    document(directive(id="x" * 128, reason="x" * 256, author="")),
    document(directive(id="\u00e9" * 64)),
    document(directive(ttl_secs=86400, sample_per_mille=0, min_latency_ms=0, max_records=1)),
    document(directive(sample_per_mille=1000, min_latency_ms=2**53 - 1, max_records=2**53 - 1)),
    document(directive(shape="f" * 16, min_failed_items=1)),
    document(directive(ttl_secs=None, expires_at="1970-01-01T00:00:00+00:00")),
    document(directive(ttl_secs=None, expires_at="2200-12-31T23:59:59.999999999Z")),
    document(directive(ttl_secs=None, expires_at="2000-02-29T00:00:00Z")),
    document(directive(tenant="a\n\u0000b", index="\u2028", principal=" ")),
    document(*(directive(id=client, client=client) for client in (
        "10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0",
        "::ffff:10.1.2.3"))),
    document(*(directive(id=agent, agent=agent) for agent in ("curl", "curl/8.0", "a/b/c"))),
    document(*(directive(id=level, level=level)
               for level in ("Off", "Shape", "ShapeTiming", "ShapeRewriteDiff"))),
    document(*(directive(id=status, status=status) for status in ("1xx", "5xx", "100", "599"))),
]  # fmt: skip

DEEP = "[" * 40 + "]" * 40

# slug, place, document
INVALID = [
    ("invalid_json", "", ""),
    ("invalid_json", "", "{"),
    ("invalid_json", "", document(directive())[:-1]),
    ("invalid_json", "", document(directive()) + "x"),
    ("invalid_json", "", raw('"tenant":NaN')),
    ("invalid_json", "", raw('"tenant":"\\ud800"')),
    ("not_an_object", "", "[]"),
    ("not_an_object", "", "null"),
    ("not_an_object", "directives[0]", document("5")),
    ("not_an_object", "directives[1]", document(directive(), "[]")),
    ("missing_directives", "directives", "{}"),
    ("missing_directives", "directives", '{"directives":null}'),
    ("missing_directives", "directives", '{"directives":{}}'),
    ("unknown_field", "version", '{"directives":[],"version":1}'),
    ("unknown_field", "directives[0].tenent", raw('"tenent":"acme"')),
    ("unknown_field", "directives[0]", raw('"a b":1')),
    ("duplicate_field", "directives", '{"directives":[],"directives":[]}'),
    ("duplicate_field", "directives[0].id", raw('"id":"a"')),
    ("too_large", "", '{"directives":[]}' + " " * (1 << 20)),
    ("too_many_directives", "directives",
     document(*('{"id":"%d","level":"Off","ttl_secs":1}' % i for i in range(10_001)))),
    ("too_deep", "", '{"directives":%s}' % DEEP),
    ("missing_id", "directives[0].id", document(directive(id=None))),
    ("bad_id", "directives[0].id", document(directive(id=5))),
    ("bad_id", "directives[0].id", document(directive(id=""))),
    ("bad_id", "directives[0].id", document(directive(id="x" * 129))),
    ("bad_id", "directives[0].id", document(directive(id="\u00e9" * 65))),
    ("bad_id", "directives[0].id", document(directive(id="a\n"))),
    ("bad_id", "directives[0].id", document(directive(id="\u007f"))),
    ("duplicate_id", "directives[1].id", document(directive(), directive(level="Off"))),
    ("missing_level", "directives[0].level", document(directive(level=None))),
    ("unknown_level", "directives[0].level", document(directive(level="shape"))),
    ("unknown_level", "directives[0].level", document(directive(level=1))),
    ("missing_ttl_secs", "directives[0].ttl_secs", document(directive(ttl_secs=None))),
    ("missing_ttl_secs", "directives[0].ttl_secs", document(directive(ttl_secs="60"))),
    ("missing_ttl_secs", "directives[0].ttl_secs", document(directive(ttl_secs=60.0))),
    ("missing_ttl_secs", "directives[0].ttl_secs", document(directive(ttl_secs=60.5))),
    ("zero_ttl", "directives[0].ttl_secs", document(directive(ttl_secs=0))),
    ("zero_ttl", "directives[0].ttl_secs", document(directive(ttl_secs=-(10**30)))),
    ("ttl_too_long", "directives[0].ttl_secs", document(directive(ttl_secs=86401))),
    ("ttl_too_long", "directives[0].ttl_secs", document(directive(ttl_secs=10**30))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(expires_at="2031-01-01T00:00:00Z"))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(ttl_secs=None, expires_at=1700000000))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(ttl_secs=None, expires_at="2031-01-01T00:00:00+01:00"))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(ttl_secs=None, expires_at="2031-01-01T00:00:00Z\n"))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(ttl_secs=None, expires_at="2201-01-01T00:00:00Z"))),
    ("bad_expires_at", "directives[0].expires_at",
     document(directive(ttl_secs=None, expires_at="2031-02-29T00:00:00Z"))),
    ("bad_tenant", "directives[0].tenant", document(directive(tenant=""))),
    ("bad_tenant", "directives[0].tenant", raw('"tenant":null')),
    ("bad_index", "directives[0].index", document(directive(index=["logs"]))),
    ("bad_principal", "directives[0].principal", document(directive(principal=7))),
    ("bad_principal_verified", "directives[0].principal_verified",
     document(directive(principal_verified="true"))),
    ("bad_client", "directives[0].client", document(directive(client=7))),
    ("bad_client", "directives[0].client", document(directive(client="localhost"))),
    ("bad_client", "directives[0].client", document(directive(client="10.0.0.0/33"))),
    ("bad_client", "directives[0].client", document(directive(client="10.0.0.1/8"))),
    ("bad_client", "directives[0].client", document(directive(client="2001:db8::1/32"))),
    ("bad_client", "directives[0].client", document(directive(client="1:2:3"))),
    ("bad_agent", "directives[0].agent", document(directive(agent=""))),
    ("bad_agent", "directives[0].agent", document(directive(agent="curl 8"))),
    ("bad_agent", "directives[0].agent", document(directive(agent="x" * 129))),
    ("bad_opaque_id", "directives[0].opaque_id", document(directive(opaque_id=""))),
    ("bad_endpoint", "directives[0].endpoint", document(directive(endpoint=["Search"]))),
    ("unknown_endpoint", "directives[0].endpoint", document(directive(endpoint="search"))),
    ("bad_sample_rate", "directives[0].sample_per_mille",
     document(directive(sample_per_mille=1001))),
    ("bad_sample_rate", "directives[0].sample_per_mille", raw('"sample_per_mille":-0')),
    ("bad_ring_buffer", "directives[0].ring_buffer", document(directive(ring_buffer=1))),
    ("bad_capture", "directives[0].capture", document(directive(capture="true"))),
    ("bad_min_latency", "directives[0].min_latency_ms", document(directive(min_latency_ms=-1))),
    ("bad_min_latency", "directives[0].min_latency_ms", raw('"min_latency_ms":1e3')),
    ("bad_status", "directives[0].status", document(directive(status="600"))),
    ("bad_status", "directives[0].status", document(directive(status="500\n"))),
    ("bad_status", "directives[0].status", document(directive(status=500))),
    ("bad_shape", "directives[0].shape", document(directive(shape="2D2814F85DCDEDA6"))),
    ("bad_shape", "directives[0].shape", document(directive(shape="2d2814f85dcdeda6\n"))),
    ("bad_shape", "directives[0].shape", document(directive(shape=7))),
    ("bad_min_failed_items", "directives[0].min_failed_items",
     document(directive(min_failed_items=0))),
    ("bad_min_failed_items", "directives[0].min_failed_items",
     document(directive(min_failed_items="1"))),
    ("bad_min_failed_items", "directives[0].min_failed_items",
     document(directive(min_failed_items=1.0))),
    ("bad_max_records", "directives[0].max_records", document(directive(max_records=0))),
    ("bad_max_records", "directives[0].max_records", document(directive(max_records=2**53))),
    ("bad_max_records", "directives[0].max_records", document(directive(max_records=1.0))),
    ("bad_reason", "directives[0].reason", document(directive(reason="x" * 257))),
    ("bad_reason", "directives[0].reason", document(directive(reason="\u00e9" * 129))),
    ("bad_author", "directives[0].author", document(directive(author="\u001b[31m"))),
    ("bad_author", "directives[0].author", document(directive(author="\u20ac" * 86))),
]  # fmt: skip


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_field_of_the_schema_has_a_description():
    fields = SCHEMA["$defs"]["directive"]["properties"]
    assert set(fields) == set(FULL) | {"ttl_secs"}
    assert all(field.get("description") for field in fields.values())


def test_valid_documents_are_accepted_by_both():
    for text, decoded in zip(VALID, decode(VALID)):
        assert decoded == "ok", text
        assert schema_accepts(text), text


def test_invalid_documents_are_rejected_with_slug_and_place():
    for (slug, where, text), decoded in zip(INVALID, decode([text for _, _, text in INVALID])):
        assert decoded == (slug, where), text[:200]
        assert disagreement(text, decoded) is None, text[:200]


def test_there_is_a_document_for_every_slug():
    source = (ROOT / "src" / "osproxy" / "directive" / "fault.cc").read_text()
    slugs = set(re.findall(r'return "([a-z_]+)";', source))
    assert len(slugs) == 36
    assert {slug for slug, _, _ in INVALID} == slugs


@pytest.mark.parametrize("slug", sorted(EXCEPTIONS))
def test_every_exception_is_needed(slug):
    texts = [text for of, _, text in INVALID if of == slug]
    assert any(schema_accepts(text) and EXCEPTIONS[slug](text) for text in texts)


def test_the_operators_page_explains_every_slug_and_field():
    page = (ROOT / "docs" / "document.md").read_text()
    for word in {slug for slug, _, _ in INVALID} | set(SCHEMA["$defs"]["directive"]["properties"]):
        assert f"`{word}`" in page, word


# --- Mutations ----------------------------------------------------------------------------------

VALUES = [
    None, True, False, 0, 1, -1, 5, 60, 1000, 1001, 86400, 86401, 2**53 - 1, 2**53, 2**63, 10**30,
    -(10**30), 1.0, 0.5, 1e3, -0.0, 1e300, "", "a", "A", "Shape", "shape", "Search", "Count", "5xx",
    "404", "4x", "2031-01-01T00:00:00Z", "2031-02-30T00:00:00Z", "2031-01-01", "x" * 128, "x" * 129,
    "x" * 256, "x" * 257, "\u00e9" * 100, "\u00e9" * 200, "\u20ac" * 50, "a\u0000b", "a\nb", "\n",
    "\ud800", "\U0001f600", [], ["a"], [1], {}, {"a": 1}, {"id": "a"}, [[[]]],
]  # fmt: skip
FIELDS = sorted(FULL) + ["ttl_secs", "tenent", "ID", "", "directives", "a b"]


def containers(value):
    if isinstance(value, (list, dict)):
        yield value
        for element in value.values() if isinstance(value, dict) else value:
            yield from containers(element)


def mutate(rng, value):
    """One change somewhere: a field or element removed, replaced, renamed, added or repeated."""
    target = rng.choice(list(containers(value)))
    action = rng.choice(["remove", "replace", "replace", "rename", "add", "add", "repeat"])
    if isinstance(target, list):
        at = rng.randrange(len(target) + 1)
        if action == "remove" and target:
            target.pop(rng.randrange(len(target)))
        elif action == "repeat" and target:
            target.insert(at, copy.deepcopy(rng.choice(target)))
        else:
            target.insert(at, copy.deepcopy(rng.choice(VALUES)))
    elif action == "add" or not target:
        target[rng.choice(FIELDS)] = copy.deepcopy(rng.choice(VALUES))
    else:
        key = rng.choice(sorted(target))
        old = target.pop(key)
        if action in ("replace", "repeat"):
            target[key] = copy.deepcopy(rng.choice(VALUES))
        elif action == "rename":
            target[rng.choice(FIELDS)] = old


def mutate_text(rng, text):
    """Some bytes changed: mostly invalid JSON, on which both must agree too."""
    at = rng.randrange(len(text))
    cut = text[at + rng.randrange(3) :]
    return text[:at] + rng.choice(["", '"', "{", "]", ",", ":", "0", "-", "e1", "\\", "null"]) + cut


def mutations(seed):
    rng = random.Random(seed)
    for _ in range(MUTATIONS):
        value = json.loads(rng.choice(VALID))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            mutate(rng, value)
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
        if any("\ud800" <= c <= "\udfff" for c in text):
            text = json.dumps(value)
        yield mutate_text(rng, text) if rng.random() < 0.15 else text


def test_mutated_documents_are_judged_alike():
    texts = list(mutations(SEED))
    decoded = decode(texts)
    differences = [
        f"{why}: {text[:300]}"
        for text, response in zip(texts, decoded)
        if (why := disagreement(text, response))
    ]
    assert not differences, f"seed {SEED}: " + "\n".join(differences[:10])
    accepted = decoded.count("ok")
    assert MUTATIONS // 20 < accepted < MUTATIONS  # else the mutations say little
    assert len({response[0] for response in decoded if response != "ok"}) > 20
