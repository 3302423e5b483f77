"""A PACS that speaks DIMSE (DICOM PS3.7)."""
