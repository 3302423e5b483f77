"""What takes long: measuring, publishing, exporting; in the background, so that the viewer goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.qt.threading import thread_worker
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog

from calcitrack import AssessOptions
from calcitrack.errors import CalcitrackError
from calcitrack.review.publish import export, publish
from calcitrack.review.remeasure import StoppedError, measure_into
from calcitrack_napari.napari_io.layers import METADATA, opened_paths
from calcitrack_napari.serial_review.showing import Showing


class Working(Showing):
    """The widget with what it does in the background.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    measured = Signal(int, int, str)

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._stop, self._workers = threading.Event(), []  # type: ignore[var-annotated]
        self.measured.connect(self._show_progress)

    def open_workspace(self, folder: str | Path, assessment_id: str | None = None) -> None:
        """Review an assessment of a workspace."""
        raise NotImplementedError

    def _start(self, worker: Any, **signals: Callable[..., None]) -> None:
        for name, call in signals.items():
            getattr(worker, name).connect(call)
        worker.finished.connect(lambda: self._workers.remove(worker) if worker in self._workers else None)
        self._workers.append(worker)
        worker.start()

    def stop_work(self) -> None:
        """End what is measured in the background."""
        self._stop.set()

    def ask_workspace(self) -> None:
        """Ask for the folder of a workspace, and open it."""
        folder = QFileDialog.getExistingDirectory(self, "Workspace")
        if folder:
            self.open_workspace(folder)

    def ask_measure(self) -> None:
        """Ask where to, and measure the films that are open in the viewer."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for the workspace: a new one, or one to add to")
        if folder:
            self.measure(folder)

    def measure(self, folder: str | Path, options: AssessOptions | None = None) -> None:
        """Measure the films that are open in the viewer into a workspace, in the background, and review them."""
        paths = opened_paths(self.viewer.layers)
        self._stop.clear()
        self.panel.progress.show()
        self.panel.stop_button.show()
        self.panel.measure_button.setEnabled(False)
        self.say(f"Measuring {len(paths)} films. You can go on looking at them.")

        @thread_worker
        def work() -> tuple[str, ...] | str:
            try:
                return measure_into(Path(folder), paths, self.measured.emit, self._stop.is_set, options)
            except StoppedError:
                return "Stopped. What was finished before is in the workspace."
            except CalcitrackError as error:
                return str(error)

        self._start(work(), returned=lambda made: self._review_measured(folder, made), finished=self._measuring_ended)

    def _review_measured(self, folder: str | Path, made: tuple[str, ...] | str) -> None:
        if isinstance(made, str):
            self.say(made, wrong=not made.startswith("Stopped"))
            return
        if not made:
            self.say("No timeline could be measured; `calcitrack workspace history` tells why.", wrong=True)
            return
        for layer in [layer for layer in self.viewer.layers if METADATA in layer.metadata]:
            self.viewer.layers.remove(layer)
        self.open_workspace(folder, made[0])

    def _measuring_ended(self) -> None:
        self.panel.progress.hide()
        self.panel.stop_button.hide()
        self.panel.measure_button.setEnabled(True)

    def _show_progress(self, done: int, total: int, words: str) -> None:
        self.panel.progress.setMaximum(total)
        self.panel.progress.setValue(done)
        self.panel.progress.setFormat(words)

    def publish(self) -> None:
        """Make the review the version that counts."""
        if self.session is not None and self.workspace is not None:
            with self._told():
                versions = publish(self.workspace, self.session)
                films = f"outlines of {len(versions)} films" if versions else "no outline was changed"
                self.say(f"Published: {films}; what you said is on record as reviews.")

    def ask_export(self) -> None:
        """Ask where to, and export."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results: a new or empty one")
        if folder:
            self.export(folder)

    def export(self, folder: str | Path) -> None:
        """Write the reviewed assessment as a results folder, in the background."""
        if self.session is None:
            return
        with self._told():
            revised = self.session.revised()

            @thread_worker
            def work() -> str:
                try:
                    return f"Tables, pictures and segmentations are in {export(revised, folder)}"
                except CalcitrackError as error:
                    return f"Nothing was exported: {error}"

            self.say("Writing tables, pictures and segmentations…")
            self._start(work(), returned=lambda words: self.say(words, wrong=words.startswith("Nothing")))
