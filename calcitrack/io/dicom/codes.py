"""Coded concepts of the model in pydicom's form."""

from __future__ import annotations

from pydicom.sr.coding import Code

from calcitrack.model.concepts import Concept


def code_of(concept: Concept) -> Code:
    """The concept as pydicom and highdicom take it."""
    return Code(concept.value, concept.scheme, concept.meaning)
