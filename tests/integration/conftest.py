"""Fixtures of the integration tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="session")
def noise_config() -> dict[str, Any]:
    """EDM's noise as configured for users."""
    return yaml.safe_load(Path("configs/noise/edm.yaml").read_text())
