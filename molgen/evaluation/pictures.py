"""Pictures of molecules for logs and reports: what was generated, failures beside successes."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molgen.chem.graph import heavy_graph
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError

CELL = (260, 220)
"""Width and height of one molecule in pixels."""


def grid_picture(molecules: Sequence[Molecule], columns: int = 4) -> Image.Image:
    """Draw molecules as a grid of structural formulas, in the order given.

    A valid molecule is drawn with its SMILES below it; a failed one is an empty cell with its reason.

    Args:
        molecules: Molecules to draw, at least one.
        columns: Cells per row.

    Raises:
        InputError: There is nothing to draw, or ``columns`` is not positive.
    """
    if not molecules or columns < 1:
        raise InputError(
            f"cannot draw {len(molecules)} molecules in {columns} columns; give one or more of each"
        )
    columns = min(columns, len(molecules))
    rows = -(-len(molecules) // columns)
    canvas = rdMolDraw2D.MolDraw2DCairo(columns * CELL[0], rows * CELL[1], *CELL)
    canvas.drawOptions().legendFraction = 0.2  # type: ignore[assignment]
    canvas.DrawMolecules([_flat(m) for m in molecules], legends=[_legend(m) for m in molecules])
    canvas.FinishDrawing()
    with Image.open(io.BytesIO(canvas.GetDrawingText())) as picture:
        return picture.convert("RGB")


def _flat(molecule: Molecule) -> Chem.Mol:
    if molecule.mol is None:
        return Chem.Mol()
    flat = heavy_graph(molecule.mol)
    rdDepictor.Compute2DCoords(flat)
    return flat


def _legend(molecule: Molecule) -> str:
    return molecule.smiles or f"{molecule.formula}: {molecule.failure or 'its bonds are not known'}"
