"""DICOM files as radiographs: header, spacing, pixels."""
