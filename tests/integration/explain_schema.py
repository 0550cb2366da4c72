"""The schema of explain documents, as a validator."""

import json
from pathlib import Path

import jsonschema

_ROOT = Path(__file__).resolve().parents[2]
EXPLAIN_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((_ROOT / "docs" / "schema" / "explain.schema.json").read_text())
)
