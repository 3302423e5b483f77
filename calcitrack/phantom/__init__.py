"""Simulated patients with exact truth: analytic anatomy, deposits, a polychromatic beam and a detector. Values in, values out."""
