"""A simulated film as a `Radiograph`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calcitrack.calibrate.intensity import classify
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import PatientSpec, Style, VisitSpec


def as_header(patient: PatientSpec, visit: VisitSpec) -> Acquisition:
    """Header facts of a film, as its DICOM file states them; uids stay empty."""
    style = visit.detector.style
    computed = style is Style.CR
    return Acquisition(
        patient_id=patient.patient_id,
        modality="CR" if computed else "DX",
        body_part_examined=patient.body_part.name,
        laterality=patient.laterality,
        study_date=visit.date,
        presentation_intent_type={Style.CR: "", Style.PRESENTATION: "FOR PRESENTATION"}.get(style, "FOR PROCESSING"),
        bits_stored=visit.detector.bits,
        kvp=visit.beam.kvp,
        filter_material="" if computed else "ALUMINUM",
        filter_thickness_mm=None if computed else visit.beam.filter_mm_al,
        distance_source_to_detector_mm=visit.field.sid_mm,
    )


def as_radiograph(film: SimulatedFilm) -> Radiograph:
    """The film's stored values and header facts, as reading its DICOM file gives them; uids stay empty."""
    encoded, visit = film.encoded, film.visit
    rows, columns = encoded.pixels.shape
    acquisition = replace(
        as_header(film.patient, visit),
        photometric_interpretation=encoded.photometric,
        pixel_intensity_relationship=encoded.relationship,
        pixel_intensity_relationship_sign=None if visit.detector.style is Style.CR else encoded.sign,
        rows=rows,
        columns=columns,
    )
    calibration = classify(acquisition)
    pitch = visit.field.pitch_mm
    return Radiograph(
        pixels=calibration.polarity * encoded.pixels.astype(np.float32),
        spacing=Spacing(pitch, pitch, SpacingBasis.DETECTOR, "simulated"),
        acquisition=acquisition,
        calibration=calibration,
        source=f"simulated {film.patient.patient_id}",
    )
