"""Makes the pictures of the pages about napari: `xvfb-run -a python docs/images/make_review.py WORKSPACE`, one with the patient DEV04 in it."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication

from calcitrack.review.film_corrections import Tool
from calcitrack_napari.calibrate.widget import CalibrateWidget
from calcitrack_napari.serial_review.views import View
from calcitrack_napari.serial_review.widget import ReviewWidget

HERE = Path(__file__).parent
SIZE_PX = (1680, 1000)
"""Of the window: a laptop's screen."""


def wait(seconds: float) -> None:
    """Let the window be drawn, and films be prepared."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)


def save(viewer: napari.Viewer, name: str) -> None:
    """The window as it is now."""
    picture = Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)).convert("RGB")
    picture.save(HERE / name, optimize=True)


def state(widget: ReviewWidget, calibrate: CalibrateWidget) -> None:
    """A length of 50 mm as the film has it, and a region around a place of a finger."""
    if widget.session is None:
        return
    widget.show_film(widget.image, View.ONE)
    if widget.scene is not None:
        widget.scene.reset()
    rows, columns = widget.session.state.labels(widget.image).shape
    calibrate.panel.length_mm.setValue(50)
    start, px = (0.12 * rows, 0.12 * columns), 50 / widget.session.state.pixel_mm(widget.image)
    calibrate.drew(Tool.LENGTH, np.array([start, (start[0], start[1] + px)]))
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    calibrate.drew(Tool.REGION, np.stack([0.41 * rows + 35 * np.sin(angles), 0.55 * columns + 60 * np.cos(angles)], axis=1))


def main() -> None:
    """Write the pictures beside this file."""
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
        while widget.session is not None and not all(widget.session.state.is_ready(k) for k in range(len(widget.session.state.images))):
            wait(0.5)
        for command in ("previous_visit", "next_deposit", "accept", "reject", "accept"):
            widget.run(command)
            wait(0.3)
        wait(2)
        save(viewer, "review.png")
        calibrate = CalibrateWidget(viewer)
        viewer.window.add_dock_widget(calibrate, name="Calibrate film", area="right", tabify=True).raise_()
        state(widget, calibrate)
        wait(1)
        save(viewer, "calibrate.png")
        widget.close_review()
    viewer.close()


if __name__ == "__main__":
    main()
