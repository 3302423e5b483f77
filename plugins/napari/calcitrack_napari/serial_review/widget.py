"""The widget *Serial review*: wires the viewer, the panel and the review. What is computed is computed elsewhere."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari.qt.threading import thread_worker

from calcitrack.errors import CalcitrackError
from calcitrack.io.workspace import Workspace
from calcitrack.measure.live import LiveFilm
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review import growing, keys
from calcitrack_napari.serial_review.commands import DO
from calcitrack_napari.serial_review.course import course_of
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.wiring import wire
from calcitrack_napari.serial_review.working import Working

KEEP_GROWING = ("take_grown", "drop_grown", "help", "anatomy", "cursor", "whole")
"""Commands that leave a region that is shown and not yet taken where it is; the others drop it."""


class ReviewWidget(Working):
    """Serial review of one timeline after the other.

    Parameters
    ----------
    napari_viewer
        The viewer, which napari hands over.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self._lent = False
        self.panel.reader.setText(_account())
        wire(self)
        keys.register(self)
        self.say("Open a workspace, or measure the films that are open in the viewer.")

    # Opening and closing

    @property
    def is_open(self) -> bool:
        """Whether a review is under way."""
        return self.session is not None

    def open_workspace(self, folder: str | Path, assessment_id: str | None = None) -> None:
        """Review an assessment of a workspace; errors are told in the panel."""
        with self._told():
            opened = Workspace.open(folder)
            try:
                session = ReviewSession.open(opened, self.panel.reader.text(), assessment_id)
            except CalcitrackError:
                opened.close()
                raise
            self.close_review()
            self.workspace, self.folder, self._lent = opened, Path(folder), False
            self._fill_timelines(session.assessment.assessment_id)
            self._begin(session)

    def open_case(self, workspace: Workspace, session: ReviewSession, name: str) -> None:
        """Review a case of a worklist, whose workspace stays open when the review ends."""
        self.close_review()
        self.workspace, self._lent = workspace, True
        self.panel.timelines.clear()
        self.panel.timelines.addItem(name, session.assessment.assessment_id)
        self._begin(session)

    def _begin(self, session: ReviewSession) -> None:
        self.session, self.deposit_id = session, ""
        self.scene = Scene(self.viewer, session, self.painted)
        self.scene.build()
        self.viewer.canvas.overlays.scale_bar.visible = True
        films = self.panel.films
        films.blockSignals(True)
        films.setRange(0, len(session.images) - 1)
        films.blockSignals(False)
        last = session.images[-1].time_point
        self.show_film(next(k for k, i in enumerate(session.images) if i.time_point == last))
        self.scene.reset()
        self.say(
            f"{session.steps} steps of {session.reader} are on record."
            if session.steps
            else "Every step is kept as soon as it is taken. Press H for the keys."
        )
        self._read_course(session)
        self._prepare_films(session)

    def _read_course(self, session: ReviewSession) -> None:
        self.course = None
        if self.workspace is not None and not self._lent:
            with self._told():
                self.course = course_of(self.workspace, session.assessment)

    def close_review(self) -> None:
        """End the review; everything is kept."""
        self._plot_timer.stop()
        for worker in self._workers:
            worker.quit()
        if self.scene is not None:
            self.scene.close()
        if self.workspace is not None and not self._lent:
            self.workspace.close()
        self.workspace = self.session = self.scene = self.folder = None

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer closes the widget."""
        self.closed = True
        self._stop.set()
        self.close_review()
        super().closeEvent(event)

    def _fill_timelines(self, chosen: str) -> None:
        box = self.panel.timelines
        box.blockSignals(True)
        box.clear()
        for recorded in self.workspace.assessments() if self.workspace else ():
            box.addItem(str(recorded.key), recorded.assessment_id)
        box.setCurrentIndex(box.findData(chosen))
        box.blockSignals(False)

    def _prepare_films(self, session: ReviewSession) -> None:
        """In the background, so that the first edit of a film does not wait for it: the film in view first, then its neighbours."""
        order = sorted(range(len(session.images)), key=lambda k: abs(k - self.image))

        @thread_worker
        def prepare() -> Iterator[tuple[int, LiveFilm]]:
            for k in order:
                if not session.is_ready(k):
                    yield k, session.prepared(k)

        def adopt(film: tuple[int, LiveFilm]) -> None:
            if self.session is session and not session.is_ready(film[0]):
                session.adopt(*film)

        self._start(prepare(), yielded=adopt)

    # Commands

    def run(self, name: str) -> None:
        """Carry out a command of `calcitrack_napari.serial_review.commands`; what cannot be done is said."""
        if self.session is not None and self.scene is not None:
            with self._told():
                if name not in KEEP_GROWING:
                    growing.drop(self)
                DO[name](self, self.session, self.scene)

    def took(self, done: Done) -> None:
        """Show what a step did, wherever it was."""
        if self.scene is None or self.session is None:
            return
        self.scene.refresh(done)
        if done.image not in self.scene.shown():
            self.show_film(done.image)
        self.refresh_list()
        if done.deposit_id and done.deposit_id != self.deposit_id:
            self.select(done.deposit_id)
        else:
            self.select(self.deposit_id, move=False)
        self.say(done.step)

    def painted(self, k: int, window: Any, numbers: Any, deposit_id: str) -> None:
        """The reader has painted on a film."""
        if self.session is None or self.scene is None:
            return
        self.growing = None  # painted over, it is taken with the stroke
        with self._told():
            self.took(outlines.paint(self.session, k, window, numbers, deposit_id))
        self.scene.redraw()

    def pointed(self) -> tuple[int, tuple[int, int]]:
        """Film and place under the pointer."""
        if self.scene is None:
            return self.image, (0, 0)
        cursor = self.viewer.cursor
        return self.scene.under(tuple(cursor.position), getattr(cursor, "viewbox", None))

    def point(self) -> None:
        """The pointer has moved: the other visits show where that is on them."""
        if self.scene is not None and self.session is not None:
            self.scene.point(*self.pointed())

    def follow_edge(self) -> None:
        """The slider has moved: the outline that is shown follows."""
        with self._told():
            growing.follow(self)

    @property
    def share(self) -> float:
        """Share of the contrast at which an outline lies when a region is grown."""
        return self.panel.edge.value() / 100

    def change_timeline(self, assessment_id: str) -> None:
        """Review another timeline of the workspace."""
        if self.workspace is not None and self.session is not None and assessment_id != self.session.assessment.assessment_id:
            with self._told():
                session = ReviewSession.open(self.workspace, self.panel.reader.text(), assessment_id)
                if self.scene is not None:
                    self.scene.close()
                self._begin(session)

    def change_reader(self) -> None:
        """Another reader sits down: their own review of the same timeline."""
        if self.session is not None and self.workspace is not None and self.panel.reader.text().strip() != self.session.reader:
            with self._told():
                session = ReviewSession.open(self.workspace, self.panel.reader.text(), self.session.assessment.assessment_id)
                if self.scene is not None:
                    self.scene.close()
                self._begin(session)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
