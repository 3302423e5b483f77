"""Makes the picture of the page about napari: `xvfb-run -a python docs/images/make_review.py WORKSPACE`, one with the patient DEV04 in it."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication

from calcitrack_napari.widget import ReviewWidget

HERE = Path(__file__).parent
SIZE_PX = (1680, 1000)
"""Of the window: a laptop's screen."""


def wait(seconds: float) -> None:
    """Let the window be drawn, and films be prepared."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)


def main() -> None:
    """Write the picture beside this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path, help="is copied, and stays as it is")
    told = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE_PX)
    widget = ReviewWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Serial review", area="right")
    widget.panel.reader.setText("anna")
    with tempfile.TemporaryDirectory() as place:
        widget.open_workspace(shutil.copytree(told.workspace, Path(place) / "workspace"))
        while widget.session is not None and not all(widget.session.is_ready(k) for k in range(len(widget.session.images))):
            wait(0.5)
        for command in ("previous_visit", "next_deposit", "accept", "reject", "accept"):
            widget.run(command)
            wait(0.3)
        wait(2)
        picture = Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)).convert("RGB")
        picture.save(HERE / "review.png", optimize=True)
        widget.close_review()
    viewer.close()


if __name__ == "__main__":
    main()
