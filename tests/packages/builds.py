"""Runs scripts/package."""

import os
from pathlib import Path

from machine import call

ROOT = Path(__file__).resolve().parents[2]


def make_packages(out: Path, umask: int = -1, **environment: str) -> Path:
    """Makes the packages in a folder. Their build takes minutes if ccache has none of it yet."""
    command = [ROOT / "scripts" / "package", out]
    call(*command, env={**os.environ, **environment}, umask=umask, timeout=3600)
    return out


def one_of(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found
