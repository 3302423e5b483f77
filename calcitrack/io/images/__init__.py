"""One image file, DICOM or picture, as a radiograph."""
