"""DICOM Segmentations: written, read, and matched to their images."""
