"""The image, built once for all tests of this folder, and its containers."""

import os
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from parts.container import Container, Image  # noqa: E402


@pytest.fixture(scope="session")
def image():
    """The image of the tested programs. $OSPROXY_IMAGE names one that is built already."""
    if tag := os.environ.get("OSPROXY_IMAGE"):
        given = Image.open(tag)
        yield given
        given.close()
        return
    built = Image.build(f"osproxy-test:{uuid.uuid4().hex[:8]}")
    yield built
    built.remove()


@pytest.fixture
def start(image, tmp_path):
    """Starts containers, and removes them at the end."""
    containers = []

    def start_one(name: str = "container", **options) -> Container:
        container = Container(tmp_path, image, name, **options)
        containers.append(container)
        return container.start()

    yield start_one
    for container in containers:
        container.stop()
