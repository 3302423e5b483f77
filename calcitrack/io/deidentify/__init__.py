"""De-identification of DICOM files: PS3.15 Basic Profile, dates shifted by one offset per patient, and a check of every byte."""

from calcitrack.io.deidentify.key_file import is_open_to_others
from calcitrack.io.deidentify.outcomes import DeidentifyReport, FileOutcome, Status
from calcitrack.io.deidentify.pixels import BurnedIn
from calcitrack.io.deidentify.report_files import SUMMARY, TABLE
from calcitrack.io.deidentify.run import DeidentifyOptions, deidentify

__all__ = ["SUMMARY", "TABLE", "BurnedIn", "DeidentifyOptions", "DeidentifyReport", "FileOutcome", "Status", "deidentify", "is_open_to_others"]
