"""A simulated film as the loader would hand it on."""

from __future__ import annotations

import numpy as np

from calcitrack.calibrate.intensity import classify
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import Style


def as_radiograph(film: SimulatedFilm) -> Radiograph:
    """The film's stored values and header facts, as reading its DICOM file gives them; uids stay empty."""
    encoded, visit, patient = film.encoded, film.visit, film.patient
    style = visit.detector.style
    acquisition = Acquisition(
        patient_id=patient.patient_id,
        modality="CR" if style is Style.CR else "DX",
        body_part_examined=patient.body_part.name,
        laterality=patient.laterality,
        presentation_intent_type={Style.CR: "", Style.PRESENTATION: "FOR PRESENTATION"}.get(style, "FOR PROCESSING"),
        photometric_interpretation=encoded.photometric,
        pixel_intensity_relationship=encoded.relationship,
        pixel_intensity_relationship_sign=None if style is Style.CR else encoded.sign,
        bits_stored=visit.detector.bits,
        kvp=visit.beam.kvp,
        filter_material="ALUMINUM",
        filter_thickness_mm=visit.beam.filter_mm_al,
    )
    calibration = classify(acquisition)
    pitch = visit.field.pitch_mm
    return Radiograph(
        pixels=calibration.polarity * encoded.pixels.astype(np.float32),
        spacing=Spacing(pitch, pitch, SpacingBasis.DETECTOR, "simulated"),
        acquisition=acquisition,
        calibration=calibration,
        source=f"simulated {patient.patient_id}",
    )
