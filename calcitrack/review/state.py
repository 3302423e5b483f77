"""The state of a review: what a reader has stated and drawn so far, film by film."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from calcitrack.assess.options import measured_with
from calcitrack.assess.revise import fates_where_seen
from calcitrack.errors import InvalidValueError
from calcitrack.measure.live import LiveFilm
from calcitrack.model.assessment import Assessment, Fate, ImageAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Deposit
from calcitrack.model.review_steps import ALL_IMAGES, Change, Key, Stated, Statement, StatementField
from calcitrack.model.segmentation import Labels
from calcitrack.model.spacing import ASSUMED_PIXEL_MM
from calcitrack.review.deposit_list import DepositRow, ReaderVerdict
from calcitrack.review.film_names import FilmNames
from calcitrack.review.possible_outlines import PossibleOutline, possible_outlines
from calcitrack.segment.region import ClickFilm, NoOutline, Outlines

HELD_PIXELS = 60_000_000
"""Most pixels of films that are kept ready to be edited: ten films of 6 megapixels, about 900 MB with everything that belongs to them."""

CLICKED_FILMS = 4
"""Most films that are kept ready to be clicked: about 50 MB each at 6 megapixels."""


class ReviewState:
    """An assessment with the changes of one reader.

    Parameters
    ----------
    assessment
        What the reader starts from.
    blinded
        Films are called by letters, without a day.
    from_nothing
        The reader starts without any deposit, so that no recorded total holds.
    others
        Position of a film -> outlines of other readers on it, shape (rows, columns), to be shown only.

    Attributes
    ----------
    names
        What films are called on the screen.
    measure_options
        Settings with which the assessment was measured.
    """

    def __init__(
        self, assessment: Assessment, *, blinded: bool = False, from_nothing: bool = False, others: Mapping[int, Labels] | None = None
    ) -> None:
        self.assessment, self.from_nothing, self.others = assessment, from_nothing, MappingProxyType(dict(others or {}))
        self.names = FilmNames(assessment.images, blinded=blinded)
        self.measure_options = measured_with(assessment.provenance)
        self._labels = [image.segmentation.labels.copy() for image in assessment.images]
        self._films: OrderedDict[int, LiveFilm] = OrderedDict()
        self._clickable: OrderedDict[int, ClickFilm] = OrderedDict()
        self._last_click: tuple[tuple[int, tuple[int, int]], Outlines | NoOutline] | None = None
        self._stated = Stated()
        self._edited: set[int] = set()
        self._present: dict[int, tuple[int, ...]] = {}
        self._possible: dict[int, Mapping[str, PossibleOutline]] = {}
        self._own = {(k, d.deposit.label): d.deposit_id for k, i in enumerate(assessment.images) for d in i.deposits}

    @property
    def images(self) -> tuple[ImageAssessment, ...]:
        """Films of the assessment, in order of time."""
        return self.assessment.images

    @property
    def edited(self) -> frozenset[int]:
        """Films whose outlines or deposit ids were changed."""
        return frozenset(self._edited)

    @property
    def recorded_ids(self) -> Mapping[tuple[int, int], str]:
        """(film, label) -> deposit id, as the assessment has them."""
        return MappingProxyType(self._own)

    def pixel_mm(self, k: int) -> float:
        """Size of a film's pixels; an assumed one where none is stated."""
        return self.images[k].spacing.mean_mm or ASSUMED_PIXEL_MM

    def labels(self, k: int) -> Labels:
        """A film's labels as they are now, read-only, shape (rows, columns)."""
        view = self._labels[k].view()
        view.setflags(write=False)
        return view

    def radiograph(self, k: int) -> Radiograph:
        """Read a film from its file, with the calibration with which it was measured."""
        return replace(self.images[k].exposure.radiograph(), calibration=self.images[k].calibration)

    def prepared(self, k: int, radiograph: Radiograph | None = None) -> LiveFilm:
        """Make a film ready to be edited, for `adopt`. It changes nothing here, so that it can run in another thread."""
        film = LiveFilm(radiograph or self.radiograph(k), self.images[k].segmentation, self.measure_options)
        film.totals()
        return film

    def adopt(self, k: int, film: LiveFilm) -> None:
        """Use a film from `prepared`, after the edits made in the meantime were applied to it."""
        if not np.array_equal(film.labels, self._labels[k]):
            rows, columns = self._labels[k].shape
            film.put((slice(0, rows), slice(0, columns)), self._labels[k])
        self._films[k] = film
        while len(self._films) > 1 and sum(f.image.size for f in self._films.values()) > HELD_PIXELS:
            self._films.popitem(last=False)

    def is_ready(self, k: int) -> bool:
        """Whether a film can be edited at once."""
        return k in self._films

    def film(self, k: int) -> LiveFilm:
        """A film that is ready to be edited; it is read from its file where it is not ready yet."""
        if k not in self._films:
            self.adopt(k, self.prepared(k))
        self._films.move_to_end(k)
        return self._films[k]

    def clickable(self, k: int) -> ClickFilm:
        """Make a film ready to be clicked, for `adopt_clickable`. It changes nothing here, so that it can run in another thread."""
        live = self._films.get(k)
        return ClickFilm.of(self.radiograph(k)) if live is None else ClickFilm.of(live.radiograph, values=live.image)

    def adopt_clickable(self, k: int, film: ClickFilm) -> None:
        """Use a film from `clickable`."""
        self._clickable[k] = film
        while len(self._clickable) > CLICKED_FILMS:
            self._clickable.popitem(last=False)

    def is_clickable(self, k: int) -> bool:
        """Whether a click on a film is answered at once."""
        return k in self._clickable

    def outlines_at(self, k: int, place: tuple[int, int]) -> Outlines | NoOutline:
        """Outlines of what lies under a (row, column) of a film; the network sees the film first where it has not yet."""
        if k not in self._clickable:
            self.adopt_clickable(k, self.clickable(k))
        self._clickable.move_to_end(k)
        if self._last_click is None or self._last_click[0] != (k, place):
            self._last_click = ((k, place), self._clickable[k].outlines(*place))
        return self._last_click[1]

    def identity(self, k: int) -> dict[int, str]:
        """Label -> deposit id of every deposit on a film."""
        present = self._label_values(k)
        return {label: self.id_of(k, label) for label in present}

    def label_of(self, k: int, deposit_id: str) -> int | None:
        """Label of a deposit on a film; ``None`` where it is not seen."""
        return next((label for label, name in self.identity(k).items() if name == deposit_id), None)

    def at(self, k: int, row: int, column: int) -> str:
        """Deposit at a place of a film; empty for none."""
        shape = self._labels[k].shape
        label = int(self._labels[k][row, column]) if 0 <= row < shape[0] and 0 <= column < shape[1] else 0
        return self.id_of(k, label) if label else ""

    def possible(self, k: int) -> tuple[PossibleOutline, ...]:
        """Possible deposits of a film that the reader has not decided: not dismissed, and no deposit drawn on them."""
        if k not in self._possible:
            self._possible[k] = possible_outlines(self.images[k].segmentation, self.images[k].spacing)
        named = self._possible[k].items()
        return tuple(o for name, o in named if self.verdict(name, k) is ReaderVerdict.OPEN and not o.touched_by(self._labels[k]))

    def possible_outline(self, k: int, name: str) -> PossibleOutline:
        """A possible deposit of a film by its name.

        Raises
        ------
        InvalidValueError
            The film has none of that name that is still to be decided.
        """
        found = next((o for o in self.possible(k) if o.deposit.name == name), None)
        if found is None:
            raise InvalidValueError(f"found no possible deposit {name!r} on this film that is still to be decided; choose one of the list")
        return found

    def possible_at(self, k: int, row: int, column: int) -> str:
        """Name of the possible deposit at a place of a film; empty for none."""
        here = self.possible(k)
        return next((o.deposit.name for o in here if o.holds(row, column)), "")

    def deposit_ids(self) -> tuple[str, ...]:
        """Every deposit that a film shows, in order of number."""
        names = {name for k in range(len(self.images)) for name in self.identity(k).values()}
        return tuple(sorted(names, key=lambda n: (len(n), n)))

    def verdict(self, deposit_id: str, k: int) -> ReaderVerdict:
        """The reader's verdict on a deposit: on this film, else on all films."""
        return ReaderVerdict(
            self._stated.get(StatementField.VERDICT, deposit_id, k) or self._stated.get(StatementField.VERDICT, deposit_id, ALL_IMAGES)
        )

    def stated(self, field: StatementField) -> dict[Key, str]:
        """Everything that the reader states in a field."""
        return self._stated.items(field)

    def deposit(self, k: int, deposit_id: str) -> Deposit | None:
        """What is measured of a deposit on a film; ``None`` where it is not seen."""
        label = self.label_of(k, deposit_id)
        if label is None:
            return None
        if k not in self._edited:
            return next(d.deposit for d in self.images[k].deposits if d.deposit.label == label)
        return self.film(k).deposits((label,)).get(label)

    def rows(self, k: int) -> tuple[DepositRow, ...]:
        """The deposit list of a film: possible deposits, then deposits seen there, and those that were seen before and are gone."""
        before = self._film_before(k)
        rows = [DepositRow.of_possible(o.deposit) for o in self.possible(k)]
        for name in self.deposit_ids():
            fate = self.fate(name, self.images[k].time_point)
            label = self.label_of(k, name)
            if label is None and fate is None:
                continue
            previous = None if before is None else self.deposit(before, name)
            pattern, comment = (self._stated.get(field, name) for field in (StatementField.PATTERN, StatementField.COMMENT))
            rows.append(DepositRow(name, label, fate, self.verdict(name, k), self.deposit(k, name), previous, pattern, comment))
        return tuple(rows)

    def fate(self, deposit_id: str, time_point: int) -> Fate | None:
        """Fate of a deposit: as the reader states it, else as it follows from the films that show it."""
        by_reader = self._stated.get(StatementField.FATE, deposit_id, time_point)
        if by_reader:
            return Fate(by_reader)
        seen = {k for k in range(len(self.images)) if deposit_id in self.identity(k).values()}
        if seen == {k for (k, _), name in self._own.items() if name == deposit_id}:
            track = next((t for t in self.assessment.tracks if t.deposit_id == deposit_id), None)
            return None if track is None else track.fates.get(time_point)
        places = {k: d.centroid for k in seen if (d := self.deposit(k, deposit_id)) is not None}
        return fates_where_seen(self.assessment, deposit_id, places).get(time_point) if places else None

    def remaining(self, k: int) -> int:
        """Number of deposits on a film that are neither accepted nor rejected, possible ones included."""
        return len(self.possible(k)) + sum(self.verdict(name, k) is ReaderVerdict.OPEN for name in self.identity(k).values())

    def statement(self, field: StatementField, key: Key, after: str) -> tuple[Statement, ...]:
        """The statement that sets a text; none where that text is stated already."""
        return self._stated.change(field, key, after)

    def require(self, deposit_id: str) -> None:
        """Refuse a deposit that no film shows.

        Raises
        ------
        InvalidValueError
            No film shows it.
        """
        if deposit_id not in self.deposit_ids():
            raise InvalidValueError(f"found no deposit {deposit_id!r}; choose one of the list")

    def apply(self, change: Change) -> None:
        """Make a change, also in the films that are ready to be edited."""
        for patch in change.patches:
            self._labels[patch.image][patch.window] = patch.after
            if patch.image in self._films:
                self._films[patch.image].put(patch.window, patch.after)
        self._stated.apply(change.statements)
        self._edited |= {p.image for p in change.patches} | {int(s.key[0]) for s in change.statements if s.field == StatementField.IDENTITY}
        for patch in change.patches:
            self._present.pop(patch.image, None)

    def _label_values(self, k: int) -> tuple[int, ...]:
        """Labels of a film that hold a pixel."""
        if k in self._films:
            return self._films[k].label_values
        if k not in self._edited:
            return tuple(d.deposit.label for d in self.images[k].deposits)
        if k not in self._present:
            self._present[k] = tuple(int(v) for v in np.unique(self._labels[k]) if v)
        return self._present[k]

    def id_of(self, k: int, label: int) -> str:
        """Deposit id of a label on a film; empty for a label that has none."""
        return self._stated.get(StatementField.IDENTITY, k, label) or self._own.get((k, label), "")

    def _film_before(self, k: int) -> int | None:
        """The first film of the visit before."""
        earlier = [j for j, image in enumerate(self.images) if image.time_point < self.images[k].time_point and image.repeat == 0]
        return earlier[-1] if earlier else None
