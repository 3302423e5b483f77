"""A PACS that speaks DICOMweb (DICOM PS3.18)."""
