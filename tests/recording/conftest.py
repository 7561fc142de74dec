"""Tests here are seeded and isolated as those of the runtime."""

from tests.runtime.conftest import process_settings, seeded

__all__ = ["process_settings", "seeded"]
