"""The signs that a graph's stereochemistry asks of coordinates, centre by centre."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import Chem

from molgen.core.handedness import Side

_SAME = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
_OPPOSITE = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)
_CENTRES = (Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW)


def stereo_sides(graph: Chem.Mol) -> list[Side]:
    """Read tetrahedral centres and double bonds; what the graph leaves open is not among them.

    Args:
        graph: Sanitised molecule with all hydrogens; indices are its atoms'.
    """
    return [*_centres(graph), *_double_bonds(graph)]


def _centres(graph: Chem.Mol) -> Iterator[Side]:
    """RDKit's tags: seen from the first neighbour, the others in the order of bonds turn clockwise, or not.

    That volume is positive. Centres with a lone pair are left out: they have no fourth neighbour.
    """
    for atom in graph.GetAtoms():
        if atom.GetChiralTag() not in _CENTRES or atom.GetDegree() != 4:
            continue
        first, second, third, fourth = (bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds())
        clockwise = atom.GetChiralTag() == Chem.ChiralType.CHI_TETRAHEDRAL_CW
        yield Side((first, second, third, fourth), clockwise)


def _double_bonds(graph: Chem.Mol) -> Iterator[Side]:
    for bond in graph.GetBonds():
        if bond.GetStereo() not in (*_SAME, *_OPPOSITE):
            continue
        near, far = bond.GetStereoAtoms()
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        beyond = _beyond(graph, begin, end)
        if near not in beyond:
            yield Side((near, begin, end, far), bond.GetStereo() in _SAME, tuple(sorted(beyond)))


def _beyond(graph: Chem.Mol, begin: int, end: int) -> set[int]:
    """Atoms that hang on ``end``, without it, when its bond to ``begin`` is cut; all of a ring."""
    found, ahead = {end}, [end]
    while ahead:
        here = ahead.pop()
        around = {atom.GetIdx() for atom in graph.GetAtomWithIdx(here).GetNeighbors()}
        fresh = around - found - ({begin} if here == end else set())
        found |= fresh
        ahead.extend(fresh)
    return found - {end}
