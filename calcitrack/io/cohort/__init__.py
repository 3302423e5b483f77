"""Folders and archives as a cohort: what each file is, and to which timeline it belongs."""
