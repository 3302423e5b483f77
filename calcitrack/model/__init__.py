"""Nouns: frozen, validated, numpy only. No file, clock, viewer or table library below this line."""
