"""Where a reference comes from: a shipped one by name, a file of digests, SMILES or molecules.

Known molecules must be named as the judged ones are, so bonds come from the protocol's rule in both.
"""

from __future__ import annotations

from pathlib import Path

from molgen.chem.identity import canonical_smiles, largest_fragment_smiles
from molgen.chem.io import ACCEPTED_SUFFIXES, read_molecules
from molgen.chem.npz import read_arrays
from molgen.core.errors import InputError
from molgen.evaluation.protocols import BOND_RULES
from molgen.evaluation.reference import ReferenceSet

SHIPPED = Path(__file__).parent / "references"
SMILES_SUFFIXES = (".smi", ".smiles", ".txt")


def load_reference(source: str | Path, bonds: str = "edm") -> ReferenceSet:
    """Make a reference from a name or a file.

    Args:
        source: ``qm9`` or another shipped name; an NPZ file that :meth:`ReferenceSet.save` wrote; a file with
            one SMILES at the start of each line; or molecules (SDF, XYZ, NPZ).
        bonds: Rule of :data:`~molgen.evaluation.protocols.BOND_RULES` that names the judged molecules;
            shipped sets exist for each, and molecules get their bonds by it.

    Raises:
        InputError: There is no such name or file, or it cannot be read.
    """
    path = Path(source)
    shipped = {p.stem.removesuffix(f"_{bonds}"): p for p in SHIPPED.glob(f"*_{bonds}.npz")}
    if str(source) in shipped:
        return ReferenceSet.load(shipped[str(source)])
    if not path.is_file() or path.suffix.lower() not in (*SMILES_SUFFIXES, *ACCEPTED_SUFFIXES):
        accepted = ", ".join((*SMILES_SUFFIXES, *ACCEPTED_SUFFIXES))
        raise InputError(
            f"reference {str(source)!r} is neither shipped (there is {', '.join(sorted(shipped))}) nor an "
            f"existing file of type {accepted}"
        )
    if path.suffix.lower() in SMILES_SUFFIXES:
        return _from_smiles_file(path)
    if path.suffix.lower() == ".npz" and "digests" in read_arrays(path):
        return ReferenceSet.load(path)
    molecules = BOND_RULES[bonds](read_molecules(path))
    return ReferenceSet.from_smiles(map(largest_fragment_smiles, molecules), name=path.name)


def _from_smiles_file(path: Path) -> ReferenceSet:
    known = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        smiles = canonical_smiles(line.split()[0])
        if smiles is None:
            raise InputError(f"{path}, line {number}: {line.split()[0]!r} is no SMILES; correct or remove it")
        known.append(smiles)
    if not known:
        raise InputError(f"{path} holds no SMILES; give one at the start of each line")
    return ReferenceSet.from_smiles(known, name=path.name)
