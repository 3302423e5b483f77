"""Sentences about a timeline, and the content of its reports. No file is read or written here."""
