"""Small tables that people write: CSV in its dialects and Excel workbooks, read by one reader that tells all problems at once."""
