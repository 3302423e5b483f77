"""Reader studies: the order in which a reader sees cases, and the agreement of readings."""

from calcitrack.reading.agreement import Agreement, AgreementKind, agreements
from calcitrack.reading.planning import CaseFacts, plan_reading

__all__ = ["Agreement", "AgreementKind", "CaseFacts", "agreements", "plan_reading"]
