"""Outlines from one click, on simulated films: how they are fitted, and how well they meet the truth."""
