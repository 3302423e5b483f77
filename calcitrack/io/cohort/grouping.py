"""Scanned files -> timelines, by what their headers say; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from calcitrack.io.cohort.scan import ScannedFile
from calcitrack.io.files.sources import Copy
from calcitrack.model.cohort import FileStatus
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint

DIRECT_MODALITIES = ("DX", "CR")
"""Compared over time with each other: both are projection radiographs of the same body part; the key calls them DX."""

UNDATED = dt.datetime(dt.MINYEAR, 1, 1)  # noqa: DTZ001 - DICOM times are local ones
"""Stands in for a missing date where a group is sorted; such a group holds one image."""


Compare = Callable[[ScannedFile, ScannedFile], Copy]


def skip_copies(files: Sequence[ScannedFile], compare: Compare) -> list[ScannedFile]:
    """Skip duplicates, copies derived from an image that is there as well, and the display version of a raw exposure.

    Parameters
    ----------
    files
        In order: the first of two equal files is kept. Of a whole file and a truncated one, the whole one is kept.
    compare
        Compares two files with one SOP Instance UID: what the second one is relative to the first.
    """
    return _skip_displays(_skip_derived(_skip_duplicates(files, compare)))


def _skipped(file: ScannedFile, reason: str) -> ScannedFile:
    return replace(file, status=FileStatus.SKIPPED, reason=reason)


def _skip_duplicates(files: Sequence[ScannedFile], compare: Compare) -> list[ScannedFile]:
    first: dict[str, int] = {}
    results: list[ScannedFile] = []
    for file in files:
        results.append(file)
        uid = file.acquisition.sop_instance_uid if file.acquisition and file.status is FileStatus.READ else ""
        index = len(results) - 1
        earlier = first.setdefault(uid, index) if uid else index
        if earlier == index:
            continue
        copy = compare(results[earlier], file)
        if copy is Copy.LONGER:
            first[uid], earlier, index = index, index, earlier
        reason = f"duplicate: the SOP Instance UID of {results[earlier].source.name}, {_COPIES[copy]}"
        told = (f"not measured: {reason}; take out the one that is not the original",) if copy is Copy.OTHER else ()
        results[index] = replace(_skipped(results[index], reason), attention=told)
    return results


_CUT_SHORT = "of whose bytes it holds the beginning: it was cut short"
_COPIES = {
    Copy.SAME: "the same bytes",
    Copy.SHORTER: _CUT_SHORT,
    Copy.LONGER: _CUT_SHORT,
    Copy.OTHER: "but other bytes: one of the two was altered",
}


def _skip_derived(files: Sequence[ScannedFile]) -> list[ScannedFile]:
    by_uid = {f.acquisition.sop_instance_uid: f for f in files if f.acquisition and f.status is FileStatus.READ}

    def original_of(file: ScannedFile) -> ScannedFile | None:
        own = file.acquisition
        if own is None or file.status is not FileStatus.READ or "DERIVED" not in own.image_type[:1]:
            return None
        found = (by_uid[uid] for uid in file.derived_from if uid in by_uid and uid != own.sop_instance_uid)
        return next((f for f in found if own.sop_instance_uid not in f.derived_from), None)

    return [_skipped(f, f"derived from {o.source.name}, which is measured instead") if (o := original_of(f)) else f for f in files]


def _skip_displays(files: Sequence[ScannedFile]) -> list[ScannedFile]:
    """Skip FOR PRESENTATION where FOR PROCESSING of the same exposure exists: same study, part, side, view and stated time."""
    raw: dict[tuple[object, ...], ScannedFile] = {}
    for file in files:
        if (place := _exposure_of(file, "FOR PROCESSING")) is not None:
            raw.setdefault(place, file)

    def raw_of(file: ScannedFile) -> ScannedFile | None:
        place = _exposure_of(file, "FOR PRESENTATION")
        return None if place is None else raw.get(place)

    return [_skipped(f, f"the display version of {r.source.name}, which is measured instead") if (r := raw_of(f)) else f for f in files]


def _exposure_of(file: ScannedFile, intent: str) -> tuple[object, ...] | None:
    facts = file.acquisition
    if facts is None or file.status is not FileStatus.READ or facts.presentation_intent_type != intent or not file.has_time:
        return None
    return (*_place(facts), facts.study_instance_uid, facts.acquisition_time)


def _place(facts: Acquisition) -> tuple[str, str, str, str]:
    return facts.patient_id, facts.body_part_examined, facts.laterality, facts.view_position


def timeline_key(facts: Acquisition) -> TimelineKey:
    """Key of the timeline that an image belongs to."""
    modality = "DX" if facts.modality in DIRECT_MODALITIES else facts.modality
    return TimelineKey(*_place(facts), modality)


def build_timelines(exposures: Iterable[Exposure]) -> tuple[Timeline, ...]:
    """Timelines in the order of their keys; time points by day, exposures of a day by time.

    Images without a patient form one timeline per study, images without a date one per image: nothing states that
    they belong together. Such timelines share their key with others. On a day where one exposure's time is not known, no time orders them:
    they stand by name. Birth dates are compared here and then left out: what is measured is kept in tables and workspaces, which hold none.
    """
    several = list(exposures)
    unordered = {(_group(e), _moment(e).date()) for e in several if not e.acquisition.time_of_day_known}

    def place(exposure: Exposure) -> tuple[object, ...]:
        group, moment = _group(exposure), _moment(exposure)
        return group, moment.date(), dt.time() if (group, moment.date()) in unordered else moment.time(), exposure.source

    ordered = sorted(several, key=place)
    return tuple(_timeline(list(group)) for _, group in groupby(ordered, key=_group))


def _group(exposure: Exposure) -> tuple[str, ...]:
    facts = exposure.acquisition
    key = timeline_key(facts)
    study = facts.study_instance_uid or exposure.source
    undated = exposure.source if facts.acquisition_time is None else ""
    return (key.patient_id, key.body_part, key.laterality, key.view, key.modality, "" if key.patient_id else study, undated)


def _moment(exposure: Exposure) -> dt.datetime:
    return exposure.acquisition.acquisition_time or UNDATED


def _timeline(exposures: Sequence[Exposure]) -> Timeline:
    days = groupby(exposures, key=lambda e: None if e.acquisition.acquisition_time is None else e.acquisition.acquisition_time.date())
    points = tuple(TimePoint(index, day, tuple(_without_birth_date(e) for e in group)) for index, (day, group) in enumerate(days, start=1))
    return Timeline(timeline_key(exposures[0].acquisition), points, _findings([e.acquisition for e in exposures]))


def _without_birth_date(exposure: Exposure) -> Exposure:
    return replace(exposure, acquisition=replace(exposure.acquisition, patient_birth_date=None))


def _unordered_day(images: Sequence[Acquisition]) -> bool:
    """Whether several exposures are of one day, and the time of day is known for some of them only."""
    days: dict[dt.date, set[bool]] = {}
    for image in images:
        if image.acquisition_time is not None:
            days.setdefault(image.acquisition_time.date(), set()).add(image.time_of_day_known)
    return any(len(known) > 1 for known in days.values())


def _findings(images: Sequence[Acquisition]) -> tuple[str, ...]:
    first = images[0]
    missing = (
        (not first.patient_id, "no patient ID is stated: only images of one study are grouped"),
        (not first.body_part_examined, "no body part is stated: the images may show different ones"),
        (not first.laterality, "no side is stated: the images may show different sides"),
        (not first.view_position, "no view is stated: the images may show different views"),
        (first.acquisition_time is None, "no date is stated: the image stands alone"),
    )
    births = sorted({str(i.patient_birth_date) for i in images if i.patient_birth_date})
    intents = sorted({i.presentation_intent_type or "not stated" for i in images})
    mixed = (
        (len(births) > 1, f"one patient ID with {len(births)} different birth dates: perhaps several people"),
        (_unordered_day(images), "exposures of one day whose times are not all known: nothing says which came first, they stand by name"),
        (len(intents) > 1, f"presentation intents differ ({', '.join(intents)}): grey values are not comparable between visits"),
    )
    return tuple(text for wrong, text in (*missing, *mixed) if wrong)
