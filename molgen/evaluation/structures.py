"""Structural formulas as SVG that follow a page's colours; failed molecules are drawn as their raw graphs."""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molgen.chem.graph import AROMATIC_ORDER, KEKULE_ORDERS, bond_problem, heavy_graph, raw_graph
from molgen.chem.molecule import Molecule
from molgen.chem.tables import MAX_ATOMIC_NUMBER

SIZE = (220, 170)
"""Width and height of a drawing, pixels."""

MAX_DRAWN_ATOMS = 300
"""Layout of larger molecules takes long and shows nothing."""

INK = "#000000"
COLOURS = {INK: "--ink", "#FF0000": "--oxygen", "#0000FF": "--nitrogen", "#33CCCC": "--fluorine"}
"""Colours that RDKit writes, to the page's variables; the others read well on light and dark."""


def structure_svg(molecule: Molecule, description: str) -> str | None:
    """Draw a molecule, hydrogens folded in where they sit on a heavy atom.

    Args:
        molecule: With bonds; need not be valid.
        description: Text for those who cannot see the drawing; must be escaped for HTML.

    Returns:
        An ``svg`` element, or ``None`` where there is no graph to draw or it is too large.
    """
    unbonded = molecule.bonds is None or (molecule.num_atoms > 1 and not len(molecule.bonds))
    if unbonded or not 0 < molecule.num_atoms <= MAX_DRAWN_ATOMS:
        return None
    flat = heavy_graph(molecule.mol) if molecule.mol is not None else _raw(molecule)
    if flat is None:
        return None
    with rdBase.BlockLogs():
        rdDepictor.Compute2DCoords(flat)
        drawing = rdMolDraw2D.MolDraw2DSVG(*SIZE)
        options = drawing.drawOptions()
        options.clearBackground = False  # type: ignore[assignment]
        options.prepareMolsBeforeDrawing = False  # type: ignore[assignment]
        options.bondLineWidth = 1  # type: ignore[assignment]
        prepared = _prepared(flat)
        drawing.DrawMolecule(prepared)
        drawing.FinishDrawing()
    return _themed(str(drawing.GetDrawingText()), description)


def _raw(molecule: Molecule) -> Chem.Mol | None:
    """Build the graph that could not be sanitised, or ``None`` where there is none."""
    known = (molecule.numbers >= 0) & (molecule.numbers <= MAX_ATOMIC_NUMBER)
    if molecule.bonds is None or not known.all():
        return None
    bonds = molecule.bonds.tolist()
    if bond_problem(molecule.num_atoms, bonds, (*KEKULE_ORDERS, AROMATIC_ORDER)) is not None:
        return None
    charges = None if molecule.charges is None else molecule.charges.tolist()
    graph = raw_graph(molecule.numbers.tolist(), bonds, charges)
    graph.UpdatePropertyCache(strict=False)
    with rdBase.BlockLogs():
        folded = Chem.RemoveHs(graph, sanitize=False)
    folded.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(folded)
    return folded


def _prepared(flat: Chem.Mol) -> Chem.Mol:
    try:
        return rdMolDraw2D.PrepareMolForDrawing(flat, kekulize=True, addChiralHs=False)
    except (Chem.MolSanitizeException, RuntimeError):
        return rdMolDraw2D.PrepareMolForDrawing(flat, kekulize=False, addChiralHs=False)


def _themed(drawn: str, description: str) -> str:
    body = drawn[drawn.index("<svg") :]
    for colour, variable in COLOURS.items():
        body = body.replace(colour, f"var({variable})")
    return body.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)
