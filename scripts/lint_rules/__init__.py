"""The rules of scripts/lint_style, one module a subject. Each yields findings for one file."""

from .source import Finding, Source, read_source

__all__ = ["Finding", "Source", "read_source"]
