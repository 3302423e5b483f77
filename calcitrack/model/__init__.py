"""Data types: frozen, validated, and built on NumPy alone. No module here uses files, clocks, viewers or table libraries."""
