"""Pictures of molecules for logs and reports: what was generated, failures beside successes."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

from PIL import Image, ImageDraw
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molgen.chem.graph import heavy_graph
from molgen.chem.molecule import Molecule
from molgen.core.errors import InputError

CELL = (260, 220)
"""Width and height of one molecule in pixels."""

REASON_COLOUR = (160, 30, 30)
REASON_WIDTH = 38
"""Characters in a line of a failure's reason."""


def grid_picture(molecules: Sequence[Molecule], columns: int = 4) -> Image.Image:
    """Draw molecules as a grid of structural formulas, in the order given.

    A valid molecule is drawn with its SMILES below it; in place of a failed one stands its reason.

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
    canvas.DrawMolecules([_flat(m) for m in molecules], legends=[m.smiles or "" for m in molecules])
    canvas.FinishDrawing()
    with Image.open(io.BytesIO(canvas.GetDrawingText())) as drawn:
        picture = drawn.convert("RGB")
    for index, molecule in enumerate(molecules):
        if molecule.smiles is None:
            centre = ((index % columns + 0.5) * CELL[0], (index // columns + 0.5) * CELL[1])
            _write_reason(picture, molecule, centre)
    return picture


def _flat(molecule: Molecule) -> Chem.Mol:
    if molecule.mol is None:
        return Chem.Mol()
    flat = heavy_graph(molecule.mol)
    rdDepictor.Compute2DCoords(flat)
    return flat


def _write_reason(picture: Image.Image, molecule: Molecule, centre: tuple[float, float]) -> None:
    # RDKit writes no legend under an empty drawing, so the reason is written here.
    reason = molecule.failure or "its bonds are not known"
    lines = textwrap.fill(f"{molecule.formula}: {reason}", REASON_WIDTH)
    ImageDraw.Draw(picture).multiline_text(centre, lines, fill=REASON_COLOUR, anchor="mm", align="center")
