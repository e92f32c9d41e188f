"""Steering: wrong hands are put right, right ones are left alone, and the walk is told."""

from __future__ import annotations

import torch
from rdkit import Chem
from rdkit.Chem import AllChem
from torch import Tensor

from molgen.chem.sides import stereo_sides
from molgen.core.batch import MolBatch
from molgen.core.contracts import Condition, Denoiser, LevelSupport, Symmetry
from molgen.core.handedness import Handedness
from molgen.core.levels import NoiseLevels
from molgen.sampling.steering import LEAST_VOLUME, Steered, steered


def embedded(smiles: str) -> tuple[Tensor, Handedness]:
    """Coordinates of one molecule, and the signs that its SMILES asks for."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=3)
    AllChem.MMFFOptimizeMolecule(mol)
    pos = torch.from_numpy(mol.GetConformer().GetPositions()).float()
    return (pos - pos.mean(dim=0))[None], Handedness.of([stereo_sides(mol)], mol.GetNumAtoms())


def products(pos: Tensor, hands: Handedness) -> Tensor:
    return hands.shown(pos) * hands.wanted


def test_a_geometry_that_is_right_stays_to_the_last_bit() -> None:
    for smiles in ("C[C@H](F)/C=N\\O", "C[C@H]1C[C@@H](O)C1=O"):
        pos, hands = embedded(smiles)
        assert torch.equal(steered(pos, hands), pos)


def test_mirror_images_get_the_wanted_hands_by_short_ways() -> None:
    mirror = torch.tensor([1.0, 1.0, -1.0])
    for smiles in ("C[C@H](O)C#N", "C[C@H]1C[C@@H](O)C1=O"):
        pos, hands = embedded(smiles)
        assert (products(pos * mirror, hands) < 0).all()
        moved = steered(pos * mirror, hands)
        assert (products(moved, hands) > 0.5 * LEAST_VOLUME).all()
        assert (moved - pos * mirror).norm(dim=-1).max() < 2.5


def test_a_double_bond_is_turned_whole() -> None:
    """Bond lengths and angles stay: distances within either side, and to the bond itself, are as before."""
    pos, hands = embedded("C/C=C/C#N")
    other = Handedness(hands.atoms, -hands.wanted, hands.turning)
    moved = steered(pos, other)
    torch.testing.assert_close(products(moved, other), products(pos, hands))
    before, after = torch.cdist(pos, pos)[0], torch.cdist(moved, moved)[0]
    turning = hands.turning[0, 0]
    for part in (turning, ~turning):
        torch.testing.assert_close(after[part][:, part], before[part][:, part], atol=1e-4, rtol=1e-4)
    ends = hands.atoms[0, 0, 1:3]
    torch.testing.assert_close(after[ends], before[ends], atol=1e-4, rtol=1e-4)


def test_only_molecules_that_want_something_move() -> None:
    pos, hands = embedded("C[C@H](O)C#N")
    none = Handedness(hands.atoms, torch.zeros_like(hands.wanted), hands.turning)
    assert torch.equal(steered(-pos, none), -pos)


def test_a_sketch_is_moved_by_bounded_steps() -> None:
    """Early estimates are small clouds, whose volumes are nearly flat in the coordinates."""
    pos, hands = embedded("C[C@H]1C[C@@H](O)C1=O")
    moved = steered(0.02 * pos, hands)
    assert (moved - 0.02 * pos).norm(dim=-1).max() < 10 and moved.isfinite().all()


def test_it_works_where_no_gradients_may_be_taken() -> None:
    pos, hands = embedded("C[C@H](O)C#N")
    with torch.inference_mode():
        moved = steered(pos * torch.tensor([1.0, 1.0, -1.0]), hands)
    assert (products(moved, hands) > 0).all()


class Fixed(Denoiser):
    """Estimates the same coordinates, whatever it is shown."""

    symmetry = Symmetry.SE3
    level_support = LevelSupport.PER_ENTRY
    evaluations = 2

    def __init__(self, pos: Tensor) -> None:
        super().__init__()
        self.pos = pos

    def forward(
        self,
        x_t: MolBatch,
        levels: NoiseLevels,
        cond: Condition | None = None,
        previous: MolBatch | None = None,
    ) -> MolBatch:
        """See base."""
        return x_t.replace(pos=self.pos)


def test_the_wrapped_estimate_is_right_centred_and_counted() -> None:
    pos, hands = embedded("C[C@H](O)C#N")
    image = pos * torch.tensor([1.0, 1.0, -1.0])
    denoiser = Steered(Fixed(image), hands)
    x_t = MolBatch(torch.ones(image.shape[:2], dtype=torch.bool), image)
    out = denoiser(x_t, NoiseLevels.uniform(torch.tensor([0.5]), x_t))
    assert (products(out.pos, hands) > 0).all()
    assert out.pos.mean(dim=1).abs().max() < 1e-5
    assert denoiser.evaluations == 2 and denoiser.symmetry is Symmetry.SE3
