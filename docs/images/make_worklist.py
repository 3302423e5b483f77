"""Makes the pictures of the page about worklists: `xvfb-run -a python docs/images/make_worklist.py WORKSPACE`, one with DEV03 and DEV04 in it."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import napari
from make_review import HERE, SIZE_PX, wait
from PIL import Image

from calcitrack_napari.worklist.widget import WorklistWidget


def main() -> None:
    """Write the pictures beside this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path, help="is copied, and stays as it is")
    told = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE_PX)
    worklist = WorklistWidget(viewer)
    viewer.window.add_dock_widget(worklist, name="Worklist", area="right")
    worklist.panel.reader.setText("anna")
    with tempfile.TemporaryDirectory() as place:
        worklist.open_workspace(shutil.copytree(told.workspace, Path(place) / "workspace"))
        worklist.panel.suggestion.setChecked(True)
        worklist.panel.repeated.setValue(50)
        worklist.start_session()
        worklist.start_next()
        _until_open(worklist, 1)
        worklist.done_and_next()
        _until_open(worklist, 2)
        for command in ("previous_visit", "next_deposit", "accept"):
            worklist.review.run(command)
            wait(0.3)
        wait(2)
        Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)).convert("RGB").save(HERE / "worklist.png", optimize=True)
        worklist.panel.form.show()
        worklist.parentWidget().raise_()
        worklist.resize(380, 560)
        wait(1)
        worklist.grab().save(str(HERE / "worklist-list.png"))
        worklist.close()
    viewer.close()


def _until_open(worklist: WorklistWidget, number: int) -> None:
    while worklist.desk.current is None or worklist.desk.current.case.number != number or not worklist.review.is_open:
        wait(0.2)
    while not all(worklist.review.session.state.is_ready(k) for k in range(len(worklist.review.session.state.images))):
        wait(0.2)


if __name__ == "__main__":
    main()
