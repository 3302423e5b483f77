"""Reading many cases: the order in which a reader sees them, and how well readings agree."""

from calcitrack.reading.agreement import Agreement, AgreementKind, agreements
from calcitrack.reading.planning import CaseFacts, plan_reading

__all__ = ["Agreement", "AgreementKind", "CaseFacts", "agreements", "plan_reading"]
