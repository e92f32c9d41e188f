"""QM9 (Ramakrishnan et al. 2014) from the tables that the ``qm9pack`` package carries.

The 3,054 uncharacterised molecules are already gone. Bonds, orders and formal charges come from each
row's SMILES by index: its heavy atoms stand in file order, and every hydrogen belongs to its nearest
heavy atom; both are checked for every molecule. Processes read byte ranges of the tables themselves and
send back joined arrays, so that little travels between them.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rdkit import Chem

from molgen.chem.graph import KEKULE_ORDERS, graph_arrays, raw_graph
from molgen.chem.tables import COVALENT_RADII
from molgen.core.contracts import Progress
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
_SPAN_BYTES = 4 * 2**20
"""Bytes of a table that one task reads, about 2,500 molecules."""
_LONG_BOND = 1.4
"""A bond longer than this many sums of covalent radii casts doubt on the pairing."""
_NO_BRACKETS = str.maketrans("", "", "[]")

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Span:
    """Some whole lines of a table, from one byte to another."""

    table: Path
    start: int
    stop: int


@dataclass(frozen=True)
class _Row:
    """One parsed molecule; see :class:`MoleculeStore`."""

    identifier: int
    smiles: str
    numbers: Integers
    positions: Integers
    charges: Integers
    bonds: Integers
    properties: list[float]


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


def load_qm9(workers: int, progress: Progress | None = None) -> MoleculeStore:
    """Parse, check and split QM9.

    Args:
        workers: Number of processes.
        progress: Told of every finished part.

    Raises:
        DataError: A molecule contradicts its SMILES, or the count is not 130,831.
    """
    spans = [span for table in source_tables() for span in _spans(table)]
    parts = []
    for part in Parallel(n_jobs=workers, return_as="generator")(delayed(_parse_span)(s) for s in spans):
        parts.append(part)
        if progress is not None:
            progress(len(part))
    return _split(_join(parts))


def _spans(table: Path) -> Iterator[_Span]:
    size = table.stat().st_size
    with table.open("rb") as stream:
        stream.readline()
        while (start := stream.tell()) < size:
            stream.seek(start + _SPAN_BYTES)
            stream.readline()
            yield _Span(table, start, min(stream.tell(), size))


def _split(store: MoleculeStore) -> MoleculeStore:
    """Sort by index and split by :data:`SPLIT_RULE`."""
    if len(store) != NUM_MOLECULES:
        raise DataError(
            f"expected {NUM_MOLECULES} QM9 molecules, found {len(store)}; check the qm9pack version"
        )
    order = np.random.RandomState(0).permutation(NUM_MOLECULES)
    train, validation, test = np.split(order, [NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION])
    splits = {"train": train, "validation": validation, "test": test}
    return store.subset(np.argsort(store.identifiers), splits)


def _parse_span(span: _Span) -> MoleculeStore:
    with span.table.open("rb") as stream:
        header = stream.readline()
        stream.seek(span.start)
        text = (header + stream.read(span.stop - span.start)).decode()
    return _store([_parse(record) for record in csv.DictReader(io.StringIO(text))])


def _parse(record: dict[str, str]) -> _Row:
    symbols = re.findall(r"'(\w+)'", record["Elements"])
    numbers = np.array([ATOMIC_NUMBERS[s] for s in symbols])
    # Five rows write numbers as "0." or "1.", which is not JSON, so the brackets are taken off instead.
    values = np.array(record["XYZ_Ang"].translate(_NO_BRACKETS).split(","), dtype=np.float64)
    if len(numbers) != int(record["N_atoms"]) or len(values) != 3 * len(numbers):
        raise DataError(
            f"QM9 molecule {record['Index']}: {len(numbers)} elements, {len(values)} coordinate values; "
            "reinstall qm9pack"
        )
    coordinates = values.reshape(-1, 3)
    bonds, charges = bonds_from_smiles(record["SMILES"], numbers, coordinates)
    return _Row(
        identifier=int(record["Index"]),
        smiles=record["SMILES"],
        numbers=numbers,
        positions=np.rint(coordinates / POSITION_SCALE).astype(np.int64),
        charges=charges,
        bonds=bonds,
        properties=[float(record[p.column]) for p in PROPERTIES.values()],
    )


def bonds_from_smiles(
    smiles: str, numbers: Integers, coordinates: NDArray[np.float64]
) -> tuple[Integers, Integers]:
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
        DataError: RDKit cannot read the SMILES, or no pairing of it with the geometry exists.
    """
    graph = Chem.MolFromSmiles(smiles)
    if graph is None:
        raise DataError(f"RDKit cannot read the SMILES {smiles!r}")
    # RDKit's choice among Kekule forms depends on whether hydrogens are there; stores have this one.
    Chem.Kekulize(graph, clearAromaticFlags=True)
    elements, bonds, graph_charges = graph_arrays(Chem.AddHs(graph))
    place = _place_in_order(elements, bonds, numbers, coordinates)
    if place is None or _longest_bond(place[bonds[:, :2]], numbers, coordinates) > _LONG_BOND:
        matched = _place_by_matching(elements, bonds, numbers, coordinates)
        place = place if matched is None else matched
    if place is None:
        raise DataError(f"the geometry of {smiles!r} does not have the connectivity of its SMILES")
    charges = np.zeros_like(graph_charges)
    charges[place] = graph_charges
    return np.column_stack([place[bonds[:, :2]], bonds[:, 2]]), charges


def _place_in_order(
    elements: Integers, bonds: Integers, numbers: Integers, coordinates: NDArray[np.float64]
) -> Integers | None:
    """Index in the geometry of every graph atom, or ``None`` where file order contradicts the SMILES."""
    heavy, hydrogens = np.flatnonzero(numbers != 1), np.flatnonzero(numbers == 1)
    if len(elements) != len(numbers) or (elements[: len(heavy)] != numbers[heavy]).any():
        return None
    # RDKit appends explicit hydrogens grouped by their heavy atom, in order of those.
    expected = bonds[bonds[:, 1] >= len(heavy), 0]
    separation = coordinates[hydrogens, None] - coordinates[None, heavy]
    owner = np.einsum("hij,hij->hi", separation, separation).argmin(axis=1)
    order = owner.argsort(kind="stable")
    if len(owner) != len(expected) or (owner[order] != expected).any():
        return None
    return np.concatenate([heavy, hydrogens[order]])


def _longest_bond(pairs: Integers, numbers: Integers, coordinates: NDArray[np.float64]) -> float:
    """Longest of the bonds ``(m, 2)`` in sums of the two covalent radii; 0 for an atom alone."""
    begin, end = pairs.T
    radii = COVALENT_RADII[numbers]
    lengths = np.linalg.norm(coordinates[begin] - coordinates[end], axis=-1)
    return float(np.max(lengths / (radii[begin] + radii[end]), initial=0.0))


def _place_by_matching(
    elements: Integers, bonds: Integers, numbers: Integers, coordinates: NDArray[np.float64]
) -> Integers | None:
    """Match the graph to the geometry's connectivity, ignoring bond orders and charges."""
    radii = COVALENT_RADII[numbers]
    distances = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1)
    bonded = distances < _LONG_BOND * (radii[:, None] + radii[None])
    geometry = _skeleton(numbers, np.argwhere(np.triu(bonded, k=1)))
    match = geometry.GetSubstructMatch(_skeleton(elements, bonds[:, :2]))
    return np.array(match, dtype=np.int64) if len(match) == len(numbers) else None


def _skeleton(elements: Integers, pairs: Integers) -> Chem.Mol:
    """Molecule of bare atoms and single bonds, for graph matching."""
    return raw_graph(elements.tolist(), [[i, j, 1] for i, j in pairs.tolist()], None).GetMol()


def _store(rows: Sequence[_Row]) -> MoleculeStore:
    """Molecules of one span, in no split."""
    nothing = np.zeros(0, dtype=np.int64)
    bonds = np.concatenate([r.bonds for r in rows])
    assert np.isin(bonds[:, 2], KEKULE_ORDERS).all()
    return MoleculeStore(
        atom_offsets=np.cumsum([0, *(len(r.numbers) for r in rows)]),
        numbers=np.concatenate([r.numbers for r in rows]).astype(np.uint8),
        positions=np.concatenate([r.positions for r in rows]).astype(np.int32),
        charges=np.concatenate([r.charges for r in rows]).astype(np.int8),
        bond_offsets=np.cumsum([0, *(len(r.bonds) for r in rows)]),
        bonds=bonds.astype(np.uint8),
        properties=np.array([r.properties for r in rows]),
        identifiers=np.array([r.identifier for r in rows], dtype=np.int64),
        smiles=np.array([r.smiles.encode() for r in rows]),
        train=nothing,
        validation=nothing,
        test=nothing,
    )


def _join(parts: Sequence[MoleculeStore]) -> MoleculeStore:
    """Put stores one after another; offsets are counted on."""
    names = [f.name for f in fields(MoleculeStore)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    for name in ("atom_offsets", "bond_offsets"):
        lengths = np.concatenate([np.diff(getattr(part, name)) for part in parts])
        joined[name] = np.concatenate([[0], np.cumsum(lengths)])
    return MoleculeStore(**joined)
