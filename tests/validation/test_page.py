from __future__ import annotations

from dataclasses import replace

from calcitrack.validation import ConfidenceBin, Figure, lines, markdown, score


def test_the_page_holds_command_version_and_every_figure() -> None:
    """A row for each figure with what it comes from and what is asked of it, and one for each bin of the confidence."""
    scores = replace(score([]), people=4, films=9, sensitivity_soft=Figure(0.9234, 17), confidence=(ConfidenceBin(0.8, 1.0, 5, 0.876, 0.8),))
    page = markdown(scores, "calcitrack validate --seed 3", "1.2.3")
    assert "calcitrack 1.2.3 on 9 films of 4 simulated people:" in page
    assert "```bash\ncalcitrack validate --seed 3\n```" in page
    assert "| sensitivity, soft tissue | 0.923 | 17 deposits | ≥ 0.90 | ≥ 0.97 |" in page
    assert "| 0.8 to 1.0 | 5 | 0.88 | 0.80 |" in page
    rows = [row for row in page.splitlines() if row.startswith("|")]
    assert len(rows) == 2 + len(lines(scores)) + 2 + 1
    assert {row.count("|") for row in rows} == {6, 5}
