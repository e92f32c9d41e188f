"""Judging molecules by published protocols: checks, metrics, tables, reports. Never imports a model."""

from molgen.evaluation.judge import ProtocolJudge
from molgen.evaluation.pictures import grid_picture
from molgen.evaluation.protocols import Protocol, applicable_protocols, load_protocol
from molgen.evaluation.reference import ReferenceSet
from molgen.evaluation.reference_sources import load_reference
from molgen.evaluation.report import Report
from molgen.evaluation.runner import evaluate
from molgen.evaluation.table import Table

__all__ = [
    "Protocol",
    "ProtocolJudge",
    "ReferenceSet",
    "Report",
    "Table",
    "applicable_protocols",
    "evaluate",
    "grid_picture",
    "load_protocol",
    "load_reference",
]
