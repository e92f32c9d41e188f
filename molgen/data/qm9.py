"""QM9 (Ramakrishnan et al. 2014) from the tables that the ``qm9pack`` package carries.

The 3,054 uncharacterised molecules are already gone. Bonds, orders and formal charges come from each
row's SMILES by index: its heavy atoms stand in file order, and every hydrogen belongs to its nearest
heavy atom; both are checked for every molecule.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rdkit import Chem

from molgen.core.errors import DataError
from molgen.core.vocab import ATOMIC_NUMBERS
from molgen.data.properties import PROPERTIES
from molgen.data.store import POSITION_SCALE, MoleculeStore

NUM_MOLECULES = 130_831
NUM_TRAIN, NUM_VALIDATION = 100_000, 17_748
SPLIT_RULE = (
    "numpy.random.seed(0); p = numpy.random.permutation(130831) over molecules in index order; "
    "train p[:100000], validation the next 17748, test the last 13083"
)
_LONG_BOND = 1.4
"""A bond longer than this many sums of covalent radii casts doubt on the pairing."""
_BARE_POINT = re.compile(r"(?<=\d)\.(?=[,\]])")


@dataclass(frozen=True)
class _Row:
    """One parsed molecule."""

    identifier: int
    smiles: str
    numbers: NDArray[np.uint8]
    positions: NDArray[np.int32]
    charges: NDArray[np.int8]
    bonds: NDArray[np.uint8]
    properties: NDArray[np.float64]


def source_tables() -> list[Path]:
    """Find qm9pack's tables without importing it (its own loader needs retired packages).

    Raises:
        DataError: qm9pack is not installed.
    """
    spec = importlib.util.find_spec("qm9pack")
    if spec is None or spec.origin is None:
        raise DataError("the QM9 tables are not installed; run: pip install qm9pack")
    tables = sorted((Path(spec.origin).parent / "data").glob("qm9_part*.csv"))
    if not tables:
        raise DataError(f"qm9pack at {spec.origin} holds no qm9_part*.csv; reinstall it: pip install qm9pack")
    return tables


def load_qm9(workers: int) -> MoleculeStore:
    """Parse, check and split QM9.

    Args:
        workers: Number of processes.

    Raises:
        DataError: A molecule contradicts its SMILES, or the count is not 130,831.
    """
    chunks = [chunk for table in source_tables() for chunk in _chunks(table, 4096)]
    rows = [
        row for part in Parallel(n_jobs=workers)(delayed(_parse_chunk)(c) for c in chunks) for row in part
    ]
    rows.sort(key=lambda row: row.identifier)
    if len(rows) != NUM_MOLECULES:
        raise DataError(
            f"expected {NUM_MOLECULES} QM9 molecules, found {len(rows)}; check the qm9pack version"
        )
    order = np.random.RandomState(0).permutation(NUM_MOLECULES)
    validation_end = NUM_TRAIN + NUM_VALIDATION
    return _join(rows, order[:NUM_TRAIN], order[NUM_TRAIN:validation_end], order[validation_end:])


def _chunks(table: Path, size: int) -> Iterator[list[dict[str, str]]]:
    csv.field_size_limit(sys.maxsize)
    keep = ["Index", "SMILES", "N_atoms", "Elements", "XYZ_Ang", *(p.column for p in PROPERTIES.values())]
    with table.open(newline="") as stream:
        chunk = []
        for record in csv.DictReader(stream):
            chunk.append({key: record[key] for key in keep})
            if len(chunk) == size:
                yield chunk
                chunk = []
        yield chunk


def _parse_chunk(records: list[dict[str, str]]) -> list[_Row]:
    return [_parse(record) for record in records]


def _parse(record: dict[str, str]) -> _Row:
    symbols = re.findall(r"'(\w+)'", record["Elements"])
    numbers = np.array([ATOMIC_NUMBERS[s] for s in symbols], dtype=np.uint8)
    # Five rows write numbers as "0." or "1.", which is not JSON.
    coordinates = np.array(json.loads(_BARE_POINT.sub(".0", record["XYZ_Ang"])), dtype=np.float64)
    if len(numbers) != int(record["N_atoms"]) or coordinates.shape != (len(numbers), 3):
        raise DataError(
            f"QM9 molecule {record['Index']}: {len(numbers)} elements, {coordinates.shape} coordinates"
        )
    bonds, charges = bonds_from_smiles(record["SMILES"], numbers, coordinates)
    return _Row(
        identifier=int(record["Index"]),
        smiles=record["SMILES"],
        numbers=numbers,
        positions=np.rint(coordinates / POSITION_SCALE).astype(np.int32),
        charges=charges,
        bonds=bonds,
        properties=np.array([float(record[p.column]) for p in PROPERTIES.values()]),
    )


def bonds_from_smiles(
    smiles: str, numbers: NDArray[np.uint8], coordinates: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Give a geometry the bonds and charges of its SMILES.

    Heavy atoms are paired in order and hydrogens go to their nearest heavy atom. Where that contradicts
    the SMILES or makes a very long bond, the SMILES graph is matched to the connectivity of the geometry
    instead; where that fails too, the long bonds are real (two strained cages of QM9) and order holds.

    Args:
        smiles: Source of bonds, orders (kekulised) and formal charges.
        numbers: ``(n,)`` atomic numbers.
        coordinates: ``(n, 3)`` angstrom.

    Returns:
        Bonds ``(m, 3)`` of (first, second, order) and formal charges ``(n,)``.

    Raises:
        DataError: No pairing of the SMILES with the geometry exists.
    """
    graph = Chem.MolFromSmiles(smiles)
    if graph is None:
        raise DataError(f"RDKit cannot read the SMILES {smiles!r}")
    Chem.Kekulize(graph, clearAromaticFlags=True)
    graph = Chem.AddHs(graph)
    place = _place_in_order(graph, numbers, coordinates)
    if place is None or _longest_bond(graph, place, numbers, coordinates) > _LONG_BOND:
        matched = _place_by_matching(graph, numbers, coordinates)
        place = place if matched is None else matched
    if place is None:
        raise DataError(f"the geometry of {smiles!r} does not have the connectivity of its SMILES")
    bonds = [
        (place[b.GetBeginAtomIdx()], place[b.GetEndAtomIdx()], int(b.GetBondTypeAsDouble()))
        for b in graph.GetBonds()
    ]
    charges = np.zeros(len(numbers), dtype=np.int8)
    charges[place] = [a.GetFormalCharge() for a in graph.GetAtoms()]
    return np.array(bonds, dtype=np.uint8).reshape(-1, 3), charges


def _place_in_order(
    graph: Chem.Mol, numbers: NDArray[np.uint8], coordinates: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """Index in the geometry of every graph atom, or ``None`` where file order contradicts the SMILES."""
    heavy, hydrogens = np.flatnonzero(numbers != 1), np.flatnonzero(numbers == 1)
    elements = [a.GetAtomicNum() for a in graph.GetAtoms()]
    if elements[: len(heavy)] != numbers[heavy].tolist() or len(elements) != len(numbers):
        return None
    distances = np.linalg.norm(coordinates[hydrogens, None] - coordinates[None, heavy], axis=-1)
    owner = distances.argmin(axis=1) if len(hydrogens) else np.zeros(0, dtype=np.int64)
    # RDKit appends explicit hydrogens grouped by their heavy atom, in order of those.
    expected = [a.GetNeighbors()[0].GetIdx() for a in graph.GetAtoms() if a.GetIdx() >= len(heavy)]
    if sorted(owner.tolist()) != expected:
        return None
    return np.concatenate([heavy, hydrogens[owner.argsort(kind="stable")]])


def _longest_bond(
    graph: Chem.Mol, place: NDArray[np.int64], numbers: NDArray[np.uint8], coordinates: NDArray[np.float64]
) -> float:
    """Longest bond in sums of the two covalent radii; 0 for an atom alone."""
    pairs = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in graph.GetBonds()], dtype=np.int64)
    begin, end = place[pairs.reshape(-1, 2)].T
    radii = _covalent_radii(numbers)
    lengths = np.linalg.norm(coordinates[begin] - coordinates[end], axis=-1)
    return float(np.max(lengths / (radii[begin] + radii[end]), initial=0.0))


def _place_by_matching(
    graph: Chem.Mol, numbers: NDArray[np.uint8], coordinates: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """Match the graph to the geometry's connectivity, ignoring bond orders and charges."""
    radii = _covalent_radii(numbers)
    distances = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1)
    bonded = distances < _LONG_BOND * (radii[:, None] + radii[None])
    geometry = _skeleton(numbers.tolist(), np.argwhere(np.triu(bonded, k=1)).tolist())
    pairs = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in graph.GetBonds()]
    match = geometry.GetSubstructMatch(_skeleton([a.GetAtomicNum() for a in graph.GetAtoms()], pairs))
    return np.array(match, dtype=np.int64) if len(match) == len(numbers) else None


def _skeleton(elements: list[int], pairs: list[tuple[int, int]]) -> Chem.Mol:
    """Molecule of bare atoms and single bonds, for graph matching."""
    molecule = Chem.RWMol()
    for element in elements:
        atom = Chem.Atom(element)
        atom.SetNoImplicit(True)
        molecule.AddAtom(atom)
    for first, second in pairs:
        molecule.AddBond(first, second, Chem.BondType.SINGLE)
    return molecule.GetMol()


def _covalent_radii(numbers: NDArray[np.uint8]) -> NDArray[np.float64]:
    table = Chem.GetPeriodicTable()
    return np.array([table.GetRcovalent(int(n)) for n in numbers])


def _join(
    rows: list[_Row], train: NDArray[np.int64], validation: NDArray[np.int64], test: NDArray[np.int64]
) -> MoleculeStore:
    return MoleculeStore(
        atom_offsets=np.concatenate([[0], np.cumsum([len(r.numbers) for r in rows])]),
        numbers=np.concatenate([r.numbers for r in rows]),
        positions=np.concatenate([r.positions for r in rows]),
        charges=np.concatenate([r.charges for r in rows]),
        bond_offsets=np.concatenate([[0], np.cumsum([len(r.bonds) for r in rows])]),
        bonds=np.concatenate([r.bonds for r in rows]),
        properties=np.stack([r.properties for r in rows]),
        identifiers=np.array([r.identifier for r in rows], dtype=np.int64),
        smiles=np.array([r.smiles.encode() for r in rows]),
        train=train,
        validation=validation,
        test=test,
    )
