"""Readers, writers, sample data and layers."""
