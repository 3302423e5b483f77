"""DICOM measurement reports (TID 1500): written and read."""
