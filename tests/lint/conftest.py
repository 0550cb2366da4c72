"""Loads the scripts under test, whose names have no suffix."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def load_script():
    def load(name: str):
        loader = SourceFileLoader(name, str(SCRIPTS / name))
        spec = spec_from_loader(name, loader)
        module = module_from_spec(spec)
        keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            loader.exec_module(module)
        finally:
            sys.dont_write_bytecode = keep
        return module

    return load
