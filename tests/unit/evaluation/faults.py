"""QM9 molecules with one fault each, made by rule, and the same molecules without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molgen.chem import Molecule
from molgen.chem.conformers import embed
from molgen.chem.stereo import mirrored, shown_smiles
from molgen.data.store import POSITION_SCALE, read_store

CYCLOHEXANE = Chem.MolFromSmarts("[CX4]1[CX4][CX4][CX4][CX4][CX4]1")
FIXTURE = Path(__file__).parents[2] / "fixtures" / "qm9_200"


@dataclass(frozen=True)
class Fault:
    """One class of fault.

    Attributes:
        suits: Which molecules it can be put into.
        spoil: Puts it there.
    """

    suits: Callable[[Molecule], bool]
    spoil: Callable[[Molecule], Molecule]


def sound_molecules() -> list[Molecule]:
    """All molecules of the fixture with their own bonds, and some of QM9's that it lacks."""
    store = read_store(FIXTURE)
    molecules = [embed(smiles) for smiles in ("CCCCCCCCC", "CCCCCCCC", "C1CCCCC1", "CC1CCCCC1", "OC1CCCCC1")]
    for i in range(len(store)):
        atoms, bonds = slice(*store.atom_offsets[i : i + 2]), slice(*store.bond_offsets[i : i + 2])
        pos = store.positions[atoms] * POSITION_SCALE
        molecules.append(Molecule(store.numbers[atoms], pos, store.bonds[bonds], store.charges[atoms]))
    return [stated(molecule) for molecule in molecules]


def neighbours(molecule: Molecule, atom: int) -> list[int]:
    """Atoms bonded to one."""
    assert molecule.bonds is not None
    return [int(j if i == atom else i) for i, j, _ in molecule.bonds if atom in (i, j)]


def methyl(molecule: Molecule) -> int | None:
    """A carbon with three hydrogens, if there is one."""
    for atom in np.flatnonzero(molecule.numbers == 6).tolist():
        if sum(molecule.numbers[n] == 1 for n in neighbours(molecule, atom)) == 3:
            return atom
    return None


def grown(molecule: Molecule, number: int, place: NDArray[np.float64], partner: int | None) -> Molecule:
    """The molecule with one more atom, bonded to a partner or to nothing."""
    assert molecule.bonds is not None and molecule.charges is not None
    rows = [] if partner is None else [[partner, molecule.num_atoms, 1]]
    return Molecule(
        np.append(molecule.numbers, number),
        np.vstack([molecule.pos, place]),
        np.vstack([molecule.bonds, np.array(rows, dtype=np.int64).reshape(-1, 3)]),
        np.append(molecule.charges, 0),
    )


def without(molecule: Molecule, atom: int) -> Molecule:
    """The molecule without one atom and its bonds."""
    assert molecule.bonds is not None and molecule.charges is not None
    kept = np.delete(np.arange(molecule.num_atoms), atom)
    place = np.full(molecule.num_atoms, -1)
    place[kept] = np.arange(len(kept))
    bonds = molecule.bonds[(molecule.bonds[:, :2] != atom).all(axis=1)].copy()
    bonds[:, :2] = place[bonds[:, :2]]
    return Molecule(molecule.numbers[kept], molecule.pos[kept], bonds, molecule.charges[kept])


def a_hydrogen(molecule: Molecule) -> int:
    """A hydrogen of the first methyl group."""
    atom = methyl(molecule)
    assert atom is not None
    return next(n for n in neighbours(molecule, atom) if molecule.numbers[n] == 1)


def extra_hydrogen(molecule: Molecule) -> Molecule:
    """A fifth bond at a methyl carbon, away from the centre of the molecule."""
    atom = methyl(molecule)
    assert atom is not None
    away = molecule.pos[atom] - molecule.pos[neighbours(molecule, atom)[0]]
    return grown(molecule, 1, molecule.pos[atom] + 1.09 * away / np.linalg.norm(away), atom)


def stretched_bond(molecule: Molecule) -> Molecule:
    """A methyl group drawn out to one and a half times its distance, along its bond."""
    carbon = methyl(molecule)
    assert carbon is not None
    around = neighbours(molecule, carbon)
    partner = next(n for n in around if molecule.numbers[n] > 1)
    group = [carbon, *(n for n in around if n != partner)]
    pos = np.array(molecule.pos)
    pos[group] += 0.5 * (pos[carbon] - pos[partner])
    return replace(molecule, pos=pos)


def second_fragment(molecule: Molecule) -> Molecule:
    """A hydrogen molecule 15 angstrom away, its atoms not bonded to the rest."""
    far = molecule.pos.max(axis=0) + 15
    first = grown(molecule, 1, far, None)
    return grown(first, 1, far + np.array([0.74, 0.0, 0.0]), molecule.num_atoms)


def radical(molecule: Molecule) -> Molecule:
    """A hydrogen of a methyl group taken away."""
    return without(molecule, a_hydrogen(molecule))


def saturated_ring(molecule: Molecule) -> list[int] | None:
    """The six carbons of a cyclohexane, if that is its only ring."""
    assert molecule.mol is not None
    rings = molecule.mol.GetRingInfo().AtomRings()
    matches = molecule.mol.GetSubstructMatches(CYCLOHEXANE)
    return list(matches[0]) if len(rings) == len(matches) == 1 else None


def flattened_ring(molecule: Molecule) -> Molecule:
    """All heavy atoms of a saturated ring of six pressed into their plane."""
    ring = saturated_ring(molecule)
    assert ring is not None
    pos = np.array(molecule.pos)
    centre = pos[ring].mean(axis=0)
    normal = np.linalg.svd(pos[ring] - centre)[2][-1]
    pos[ring] -= np.outer((pos[ring] - centre) @ normal, normal)
    return replace(molecule, pos=pos)


def not_finite(molecule: Molecule) -> Molecule:
    """One coordinate lost."""
    pos = np.array(molecule.pos)
    pos[0, 0] = np.nan
    return replace(molecule, pos=pos)


def unknown_element(molecule: Molecule) -> Molecule:
    """A hydrogen of a methyl group replaced by astatine, which no valence table knows, at its distance."""
    hydrogen = a_hydrogen(molecule)
    (carbon,) = neighbours(molecule, hydrogen)
    numbers, pos = np.array(molecule.numbers), np.array(molecule.pos)
    numbers[hydrogen] = 85
    along = pos[hydrogen] - pos[carbon]
    pos[hydrogen] = pos[carbon] + 2.23 * along / np.linalg.norm(along)
    return replace(molecule, numbers=numbers, pos=pos)


def empty(molecule: Molecule) -> Molecule:
    """Nothing left."""
    return Molecule(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64))


def heavy_chain(molecule: Molecule) -> list[int] | None:
    """The carbon chain of an unbranched alkane with at least six carbons, end to end, if it is one."""
    carbons = np.flatnonzero(molecule.numbers == 6).tolist()
    if len(carbons) < 6 or set(molecule.numbers.tolist()) != {1, 6}:
        return None
    links = {c: [n for n in neighbours(molecule, c) if molecule.numbers[n] == 6] for c in carbons}
    ends = [c for c, partners in links.items() if len(partners) == 1]
    if len(ends) != 2 or any(len(partners) > 2 for partners in links.values()):
        return None
    chain = [ends[0]]
    while len(chain) < len(carbons):
        chain.append(next(n for n in links[chain[-1]] if n not in chain))
    return chain


def clash(molecule: Molecule) -> Molecule:
    """An alkane's chain rolled up about its bonds until it runs into itself; lengths and angles are kept."""
    chain = heavy_chain(molecule)
    assert chain is not None and molecule.mol is not None
    conformer = Chem.Mol(molecule.mol).GetConformer()
    for four in zip(chain, chain[1:], chain[2:], chain[3:], strict=False):
        rdMolTransforms.SetDihedralDeg(conformer, *four, 0.0)
    return replace(molecule, pos=np.array(conformer.GetPositions()))


def has_one_hand(molecule: Molecule) -> bool:
    """Whether its mirror image is another molecule."""
    return shown_smiles(molecule) != shown_smiles(mirrored(molecule))


def stated(molecule: Molecule) -> Molecule:
    """The molecule with a record that states its stereochemistry, as a file of conformers has it."""
    return replace(molecule, record={"smiles": shown_smiles(molecule) or ""})


def wrong_stereo(molecule: Molecule) -> Molecule:
    """The mirror image, under the same statement."""
    return mirrored(molecule)


def has_methyl(molecule: Molecule) -> bool:
    """Whether there is a methyl group."""
    return methyl(molecule) is not None


FAULTS = {
    "extra_hydrogen": Fault(has_methyl, extra_hydrogen),
    "stretched_bond": Fault(has_methyl, stretched_bond),
    "second_fragment": Fault(lambda molecule: True, second_fragment),
    "clash": Fault(lambda molecule: heavy_chain(molecule) is not None, clash),
    "radical": Fault(has_methyl, radical),
    "flattened_ring": Fault(lambda molecule: saturated_ring(molecule) is not None, flattened_ring),
    "not_finite": Fault(lambda molecule: True, not_finite),
    "unknown_element": Fault(has_methyl, unknown_element),
    "wrong_stereo": Fault(has_one_hand, wrong_stereo),
    "empty": Fault(lambda molecule: True, empty),
}
