"""Stored pixel values -> attenuation and hydroxyapatite."""
