from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calcitrack.errors import ResultsError
from calcitrack.io.files.page_block import check_block, replace_block

PAGE = "# Title\n\nwords above\n\n<!-- figures: begin -->\nold\n<!-- figures: end -->\n\nwords below\n"


def test_only_the_marked_part_changes(tmp_path: Path) -> None:
    """What people wrote above and below stays, the old content goes, and doing it again gives the same page."""
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    replace_block(page, "figures", "new\n")
    first = page.read_text(encoding="utf-8")
    assert first == "# Title\n\nwords above\n\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\n\nwords below\n"
    replace_block(page, "figures", "new")
    assert page.read_text(encoding="utf-8") == first


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.text("ab#\n|<!-", max_size=30), st.text("ab#\n|<!-", max_size=30))
def test_any_text_around_the_markers_stays(tmp_path: Path, before: str, after: str) -> None:
    """Whatever stands before and after, it is there unchanged."""
    page = tmp_path / "page.md"
    page.write_text(f"{before}<!-- x: begin --><!-- x: end -->{after}", encoding="utf-8", newline="\n")
    replace_block(page, "x", "middle")
    assert page.read_text(encoding="utf-8") == f"{before}<!-- x: begin -->\n\nmiddle\n\n<!-- x: end -->{after}"


@pytest.mark.parametrize(
    "text",
    ["no markers", "<!-- x: begin -->", "<!-- x: end --><!-- x: begin -->", "<!-- x: begin --><!-- x: begin --><!-- x: end -->"],
    ids=["none", "one", "turned round", "twice"],
)
def test_a_page_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    """Missing, double or reversed markers: the message names page and markers, and the page is as it was."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ResultsError, match=r"page\.md: found .* expected each once, in this order"):
        check_block(page, "x")
    with pytest.raises(ResultsError):
        replace_block(page, "x", "new")
    assert page.read_text(encoding="utf-8") == text


def test_a_page_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """A wrong path is not made into a new page."""
    with pytest.raises(ResultsError, match="cannot be read"):
        check_block(tmp_path / "none.md", "x")
