"""Simulated patients and sample data on disk."""
