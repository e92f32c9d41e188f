"""Numbers that RDKit computes from a molecule's graph and that chemists ask for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from rdkit import Chem, RDConfig, rdBase
from rdkit.Chem import QED, Crippen, rdMolDescriptors

from molgen.chem.graph import constitution


@dataclass(frozen=True)
class DescriptorSpec:
    """One number of a molecule.

    Attributes:
        unit: Unit of its value; 1 for none.
        meaning: One line for humans, with its source.
        compute: Maps a sanitised RDKit molecule without explicit hydrogens to the value.
    """

    unit: str
    meaning: str
    compute: Callable[[Chem.Mol], float]


@cache
def _sascorer() -> ModuleType:
    """RDKit's contributed module of the SA score, which is installed beside it and not on the path."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("sascorer", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _accessibility(mol: Chem.Mol) -> float:
    return float(_sascorer().calculateScore(mol))


def _logp(mol: Chem.Mol) -> float:
    return float(Crippen.MolLogP(mol))  # type: ignore[attr-defined]


DESCRIPTORS: Mapping[str, DescriptorSpec] = {
    "qed": DescriptorSpec("1", "drug-likeness, 0 to 1 (Bickerton et al. 2012)", QED.qed),
    "logp": DescriptorSpec("1", "octanol-water partition, decimal logarithm (Wildman 1999)", _logp),
    "sa": DescriptorSpec(
        "1",
        "synthetic accessibility, 1 easy to 10 hard (Ertl and Schuffenhauer 2009)",
        _accessibility,
    ),
    "tpsa": DescriptorSpec(
        "angstrom^2", "topological polar surface area (Ertl et al. 2000)", rdMolDescriptors.CalcTPSA
    ),
    "rings": DescriptorSpec("1", "number of rings (symmetrised SSSR)", rdMolDescriptors.CalcNumRings),
}
"""Descriptors by the name that conditions and reports use."""


def describe(mol: Chem.Mol) -> dict[str, float]:
    """Compute every descriptor of the constitution, as training data have them: SA would count stereocentres.

    Args:
        mol: Sanitised molecule; explicit hydrogens are folded in, stereochemistry is left out.

    Returns:
        Descriptor name to value, in its unit.
    """
    with rdBase.BlockLogs():
        graph = constitution(mol)
        return {name: float(spec.compute(graph)) for name, spec in DESCRIPTORS.items()}
