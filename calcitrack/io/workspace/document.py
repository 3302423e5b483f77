"""An assessment as one JSON document and back. Its digest is taken of this document, and the database stores the document in rows.

The document states each segmentation by its digest; everything else of the assessment is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from calcitrack.errors import InvalidValueError, NotFoundError, ReadError
from calcitrack.io.cohort.exposure_file import with_correction
from calcitrack.io.files.sources import FileSource
from calcitrack.io.images.read import read_source
from calcitrack.io.workspace.codec import Json, canonical, decode, encode, storable
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, DepositTrack, Fate, ImageAssessment, ImageFailure, TimePointSummary, TrackedDeposit
from calcitrack.model.calibration import Calibration
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.model.film_quality import FilmDoubt
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import Deposit, LimbAxis, Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.provenance import Provenance, Step
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing
from calcitrack.model.timeline import Exposure, TimelineKey
from calcitrack.model.two_limbs import TwoLimbs
from calcitrack.segment.one_of_two import one_of_two

_IMAGE_FACTS: Mapping[str, Any] = {
    "spacing": Spacing,
    "calibration": Calibration,
    "alignment": Alignment | None,
    "findings": tuple[str, ...],
    "steps": tuple[Step, ...],
    "limb_axis": LimbAxis | None,
}
"""Fields of `ImageAssessment` that are kept together, and their types."""
_FACTS: Mapping[str, Any] = {
    "key": TimelineKey,
    "time_points": tuple[TimePointSummary, ...],
    "provenance": Provenance,
    "findings": tuple[str, ...],
}
"""The same of `Assessment`."""


def document_digest(document: Json) -> str:
    """SHA-256 of a document."""
    return hashlib.sha256(canonical(document)).hexdigest()


def document_of(assessment: Assessment, digests: Mapping[int, str]) -> Json:
    """The document of an assessment.

    Parameters
    ----------
    digests
        Position of an image in the assessment -> digest of its segmentation.
    """
    return {
        "assessment_id": assessment.assessment_id,
        **{name: encode(getattr(assessment, name)) for name in _FACTS},
        "failures": [
            {**_exposure(f.exposure), "time_point": f.time_point, "repeat": f.repeat, "error": encode(f.error)} for f in assessment.failures
        ],
        "tracks": [
            [t.deposit_id, t.tracking_uid, [[k, fate.value, list(t.partners[k]) if k in t.partners else None] for k, fate in t.fates.items()]]
            for t in assessment.tracks
        ],
        "images": [_image(image, digests[k]) for k, image in enumerate(assessment.images)],
        **({} if assessment.joint is None else {"joint": encode(assessment.joint)}),  # left out, documents of earlier versions keep their digest
    }


def _exposure(exposure: Exposure) -> Json:
    return {
        "acquisition": encode(exposure.acquisition),
        "source": exposure.source,
        "exposure_findings": list(exposure.findings),
        **({"correction": encode(exposure.correction)} if exposure.correction else {}),
    }


def _image(image: ImageAssessment, digest: str) -> Json:
    if image.segmentation.labels.ndim != 2:
        shape = image.segmentation.labels.shape
        raise InvalidValueError(f"a workspace keeps films, with labels of (rows, columns); found a volume's, {shape}: write its tables instead")
    return {
        "segmentation": digest,
        "time_point": image.time_point,
        "repeat": image.repeat,
        "facts": {**_exposure(image.exposure), **{name: encode(getattr(image, name)) for name in _IMAGE_FACTS}, **_doubts(image)},
        "deposits": [_deposit(t) for t in image.deposits],
        "totals": [_result(name, r) for name, r in image.totals.items()],
    }


def _doubts(image: ImageAssessment) -> Json:
    """Left out where there are none, so that such documents are the same as before there were any."""
    return {"doubts": encode(image.doubts)} if image.doubts else {}


def _deposit(tracked: TrackedDeposit) -> Json:
    deposit = tracked.deposit
    centroid = [float(x) for x in deposit.centroid]
    fields = [int(deposit.label), tracked.deposit_id, tracked.tracking_uid, tracked.fate.value, float(deposit.confidence), *centroid]
    return [*fields, [_result(name, r) for name, r in deposit.measurements.items()]]


def _result(name: str, result: Result) -> Json:
    """Name, measurand, value, standard uncertainty, model, reason."""
    what = result.measurand
    measurand = [what.name, what.unit, what.definition, what.reference]
    if isinstance(result, NotMeasurable):
        return [name, measurand, None, None, "", storable(result.reason)]
    return [name, measurand, float(result.value), None if result.sd is None else float(result.sd), storable(result.model), ""]


def assessment_of(document: Json, segmentation: Callable[[str], Segmentation]) -> Assessment:
    """The assessment of a document; its images are read again from their files when their pixels are needed.

    Parameters
    ----------
    segmentation
        Returns the segmentation of a digest.
    """
    return Assessment(
        assessment_id=document["assessment_id"],
        images=tuple(_read_image(i, segmentation(i["segmentation"])) for i in document["images"]),
        failures=tuple(_read_failure(f) for f in document["failures"]),
        tracks=tuple(
            DepositTrack(name, uid, {k: Fate(fate) for k, fate, _ in seen}, {k: tuple(p) for k, _, p in seen if p is not None})
            for name, uid, seen in document["tracks"]
        ),
        joint=decode(Joint, document["joint"]) if "joint" in document else None,
        **{name: decode(kind, document[name]) for name, kind in _FACTS.items()},
    )


def _read_failure(stored: Json) -> ImageFailure:
    return ImageFailure(_read_exposure(stored, None), stored["time_point"], stored["repeat"], decode(ReadError, stored["error"]))


def _read_image(stored: Json, segmentation: Segmentation) -> ImageAssessment:
    facts = {name: decode(kind, stored["facts"][name]) for name, kind in _IMAGE_FACTS.items()}
    return ImageAssessment(
        exposure=_read_exposure(stored["facts"], facts["spacing"]),
        time_point=stored["time_point"],
        repeat=stored["repeat"],
        segmentation=segmentation,
        deposits=tuple(_read_deposit(d) for d in stored["deposits"]),
        totals=_read_results(stored["totals"]),
        doubts=decode(tuple[FilmDoubt, ...], stored["facts"].get("doubts", [])),
        **facts,
    )


def _read_exposure(stored: Json, spacing: Spacing | None) -> Exposure:
    acquisition = decode(Acquisition, stored["acquisition"])
    correction = decode(FilmCorrection, stored["correction"]) if "correction" in stored else NO_CORRECTION
    load = partial(load_again, stored["source"], acquisition, spacing, correction)
    return Exposure(acquisition, load, stored["source"], tuple(stored["exposure_findings"]), correction)


def _read_deposit(stored: Json) -> TrackedDeposit:
    label, name, uid, fate, confidence, row, column, results = stored
    return TrackedDeposit(Deposit(label, confidence, (row, column), _read_results(results)), name, uid, Fate(fate))


def _read_results(stored: Json) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for name, measurand, value, sd, model, reason in stored:
        what = Measurand(*measurand)
        results[name] = NotMeasurable(what, reason) if value is None else Measurement(what, value, sd, model)
    return results


def load_again(source: str, acquisition: Acquisition, spacing: Spacing | None, correction: FilmCorrection) -> Radiograph:
    """Read a recorded image from the file that it came from, with the correction, header facts and spacing on record.

    Raises
    ------
    ReadError
        The file is no longer there, or cannot be read.
    """
    path, member = _place(source)
    if not path.is_file():
        raise NotFoundError(source, "no file", "the image that was recorded", "put it back where it was when it was measured")
    radiograph = with_correction(read_source(FileSource(path, member)), correction)
    recorded = replace(radiograph, acquisition=acquisition, spacing=spacing or radiograph.spacing, source=source)
    return recorded if acquisition.limb is None else one_of_two(recorded, acquisition.limb, TwoLimbs.of(acquisition.laterality, acquisition.limb))


def _place(source: str) -> tuple[Path, str]:
    """File, and member of an archive: ``archive.zip!member``."""
    cuts = [k for k, c in enumerate(source) if c == "!"]
    for k in cuts:
        if Path(source[:k]).is_file() and not Path(source).is_file():
            return Path(source[:k]), source[k + 1 :]
    return Path(source), ""
