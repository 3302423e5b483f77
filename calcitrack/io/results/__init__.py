"""The results folder: tables, pictures, DICOM objects and provenance."""
