"""One stack for all tests of this folder, set up as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import started
from tests.end_to_end.installation import Installation


@pytest.fixture(scope="package")
def running(folder: Path) -> Iterator[Installation]:
    """Every part of the stack, serving, with whatever the tests before have left in the books."""
    with started(folder) as installation:
        yield installation
