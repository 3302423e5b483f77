"""What is really drawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text


@pytest.fixture
def drawn_texts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Figure], list[Text]]:
    """Draws a figure and gives its texts; an axis keeps labels for ticks that it does not show, and those are left out."""

    def drawn(figure: Figure) -> list[Text]:
        found: list[Text] = []
        draw = Text.draw

        def noted(self: Text, *args: object, **kwargs: object) -> None:
            if self.get_visible() and self.get_text():
                found.append(self)
            draw(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(Text, "draw", noted)
            figure.draw_without_rendering()
        return found

    return drawn
