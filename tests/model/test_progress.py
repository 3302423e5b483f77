"""Tests of the stages of an image."""

from __future__ import annotations

import pickle

from calcitrack.model.progress import Stage


def test_a_stage_is_equal_to_the_name_that_tables_and_workspaces_hold() -> None:
    """The values are part of stored provenance; a member compares and formats as its name."""
    assert list(Stage) == ["read", "calibrate", "segment", "align", "measure"]
    assert f"{Stage.ALIGN}" == str(Stage("align")) == "align"


def test_a_stage_survives_the_way_to_another_process() -> None:
    """Worker processes send stages through a pipe; what arrives is the same member."""
    assert all(pickle.loads(pickle.dumps(stage)) is stage for stage in Stage)  # noqa: S301 our own bytes


def test_each_stage_has_a_word_for_its_activity() -> None:
    """Messages say what a process was doing to which file when it ended."""
    assert [stage.activity for stage in Stage] == ["reading", "calibrating", "searching", "aligning", "measuring"]
