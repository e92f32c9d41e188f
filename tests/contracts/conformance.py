"""What every denoiser owes its callers, as assertions on one denoiser and one noisy batch.

Each check raises ``AssertionError`` whose message starts with the check's name and gives the measured
error. ``test_conformance_catches.py`` shows that each can fail.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from molgen.core import FIELDS, Denoiser, LevelSupport, MolBatch, NoiseLevels
from molgen.core.errors import LevelSupportError
from molgen.core.geometry import centre, random_rotation

TOLERANCE = 1e-9  # largest deviation that rounding in float64 may cause
RESPONSE = 1e-6  # smallest change that counts as a reaction: far above rounding, far below a real one


@dataclass(frozen=True)
class Case:
    """One noisy batch with its levels.

    Attributes:
        x_t: Noisy molecules in float64; sizes differ, and at least two molecules have many atoms.
        levels: Times that the denoiser under test accepts.
    """

    x_t: MolBatch
    levels: NoiseLevels

    def run(self, denoiser: Denoiser, previous: MolBatch | None = None) -> MolBatch:
        """Predict ``x0_hat`` without gradients."""
        with torch.no_grad():
            return denoiser(self.x_t, self.levels, previous=previous)

    def map_times(self, function: Callable[[str, Tensor], Tensor]) -> NoiseLevels:
        """Transform every field's times; one time per molecule stays what it is."""
        times = {name: function(name, value) for name, value in self.levels.times.items()}
        return NoiseLevels(times, self.levels.molecule_time)


def noisy_batch(
    dims: dict[str, int], sizes: list[int], generator: torch.Generator, dtype: torch.dtype = torch.float64
) -> MolBatch:
    """Draw a random padded batch with unit-scale entries; positions centred, pair fields symmetric."""
    count, atoms = len(sizes), max(sizes)
    mask = torch.arange(atoms) < torch.tensor(sizes).unsqueeze(1)
    fields = {}
    for name, width in dims.items():
        shape = (count, atoms, atoms, width) if FIELDS[name].pairwise else (count, atoms, width)
        value = torch.randn(shape, generator=generator, dtype=dtype)
        fields[name] = value + value.transpose(1, 2) if FIELDS[name].pairwise else value
    batch = MolBatch(mask=mask, **fields).masked()
    return batch.replace(pos=centre(1.5 * batch.pos, mask))


def uniform_levels(batch: MolBatch, generator: torch.Generator) -> NoiseLevels:
    """One random time per molecule, away from the ends."""
    times = torch.rand(len(batch), generator=generator, dtype=batch.pos.dtype)
    return NoiseLevels.uniform(0.05 + 0.9 * times, batch)


def entry_levels(batch: MolBatch, generator: torch.Generator) -> NoiseLevels:
    """A random time for every entry of every field, symmetric for pairs."""

    def draw(name: str, value: Tensor) -> Tensor:
        times = 0.05 + 0.9 * torch.rand(value.shape[:-1], generator=generator, dtype=value.dtype)
        return torch.maximum(times, times.transpose(1, 2)) if FIELDS[name].pairwise else times

    return NoiseLevels({name: draw(name, value) for name, value in batch.items()})


def degenerate_batch(batch: MolBatch) -> MolBatch:
    """Put the atoms of the first molecule in one place and two atoms of the second together."""
    pos = batch.pos.clone()
    pos[0] = 0
    pos[1, 1] = pos[1, 0]
    return batch.replace(pos=centre(pos, batch.mask))


def check_rotation(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Rotating the input rotates the output and changes nothing else."""
    matrix = random_rotation(len(case.x_t), generator, case.x_t.pos.dtype)
    _same("rotation", _moved(denoiser, case, matrix), case.run(denoiser).rotate(matrix))


def check_reflection(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Inverting the input through the origin and rotating it does the same to the output."""
    matrix = -random_rotation(len(case.x_t), generator, case.x_t.pos.dtype)
    _same("reflection", _moved(denoiser, case, matrix), case.run(denoiser).rotate(matrix))


def check_permutation(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Reordering atoms, padding among them, reorders the output."""
    keys = torch.rand(case.x_t.mask.shape, generator=generator)
    order = keys.argsort(dim=1)

    def reorder(name: str, times: Tensor) -> Tensor:
        if not FIELDS[name].pairwise:
            return times.gather(1, order)
        rows = times.gather(1, order.unsqueeze(2).expand_as(times))
        return rows.gather(2, order.unsqueeze(1).expand_as(times))

    permuted = Case(case.x_t.permute(order), case.map_times(reorder))
    _same("permutation", permuted.run(denoiser), case.run(denoiser).permute(order))


def check_centred(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """With one time per molecule, predicted positions have zero centre of mass."""
    levels = uniform_levels(case.x_t, generator)
    pos = Case(case.x_t, levels).run(denoiser).pos
    _small("centred", (pos.sum(dim=1) / case.x_t.num_atoms.unsqueeze(1)).abs().max())


def check_independence(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Replacing all other molecules, sizes kept, does not change the first one."""
    dims = {name: value.shape[-1] for name, value in case.x_t.items()}
    others = noisy_batch(dims, case.x_t.num_atoms.tolist(), generator, case.x_t.pos.dtype)
    first = torch.arange(len(case.x_t)) == 0
    mixed = others.map(lambda name, v: torch.where(first.view(-1, *[1] * (v.ndim - 1)), case.x_t[name], v))
    _same("independence", Case(mixed, case.levels).run(denoiser).rows(0, 1), case.run(denoiser).rows(0, 1))


def check_padding(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """More padding, whatever its times, does not change the real atoms."""
    extra = 3
    atoms = case.x_t.mask.shape[1]

    def pad(name: str, times: Tensor) -> Tensor:
        widths = (0, extra, 0, extra) if FIELDS[name].pairwise else (0, extra)
        return torch.nn.functional.pad(times, widths, value=float(torch.rand((), generator=generator)))

    padded = Case(case.x_t.pad_to(atoms + extra), case.map_times(pad))
    _same("padding", padded.run(denoiser).crop(atoms), case.run(denoiser))


def check_padded_zero(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Padded entries of the output are exactly zero."""
    wide = case.x_t.pad_to(case.x_t.mask.shape[1] + 2)
    for name, value in Case(wide, uniform_levels(wide, generator)).run(denoiser).items():
        leaked = value[_padded_entries(wide, name)]
        assert leaked.numel(), f"padded zero: the case has no padded entry of {name}"
        assert not leaked.any(), f"padded zero: {name} holds {leaked.abs().max():.1e} in a padded entry"


def check_finite(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Tiny molecules, coincident atoms and both ends of time give finite values and gradients."""
    dims = {name: value.shape[-1] for name, value in case.x_t.items()}
    for time in (0.0, 0.5, 1.0):
        batch = degenerate_batch(noisy_batch(dims, [4, 3, 2, 1], generator, case.x_t.pos.dtype))
        inputs = batch.map(lambda _, value: value.clone().requires_grad_())
        levels = NoiseLevels.uniform(torch.full((len(batch),), time, dtype=batch.pos.dtype), batch)
        outputs = dict(denoiser(inputs, levels).items())
        total = torch.stack([_projection(value, generator) for value in outputs.values()])
        leaves = dict(inputs.items()) | dict(denoiser.named_parameters())
        found = torch.autograd.grad(total.sum(), list(leaves.values()), allow_unused=True)
        gradients = {f"gradient of {n}": g for n, g in zip(leaves, found, strict=True) if g is not None}
        for name, value in (outputs | gradients).items():
            assert value.isfinite().all(), f"finite: {name} is not finite at t = {time}"


def check_shapes(denoiser: Denoiser, case: Case, _: torch.Generator) -> None:
    """Fields, shapes and mask of the output are those of the input."""
    output = case.run(denoiser)
    given = {name: tuple(value.shape) for name, value in case.x_t.items()}
    found = {name: tuple(value.shape) for name, value in output.items()}
    assert found == given, f"shapes: given {given}, returned {found}"
    assert torch.equal(output.mask, case.x_t.mask), "shapes: the mask changed"


def check_dtype(denoiser: Denoiser, case: Case, _: torch.Generator) -> None:
    """The float type of the input is that of the output, whatever the default type is."""
    for dtype in (torch.float32, torch.float64):
        typed = Case(case.x_t.to(dtype), case.map_times(lambda _, times, to=dtype: times.to(to)))
        if case.levels.molecule_time is not None:
            time = case.levels.molecule_time.to(dtype)
            typed = replace(typed, levels=NoiseLevels.uniform(time, typed.x_t))
        found = {value.dtype for _, value in typed.run(copy.deepcopy(denoiser).to(dtype)).items()}
        assert found == {dtype}, f"dtype: {dtype} in, {found} out"


def check_determinism(denoiser: Denoiser, case: Case, _: torch.Generator) -> None:
    """The same input gives the same output, bit by bit, and is left as it was."""
    before = case.x_t.map(lambda _, value: value.clone())
    first, second = case.run(denoiser), case.run(denoiser)
    for name, value in first.items():
        assert torch.equal(value, second[name]), f"determinism: {name} differs between two calls"
        assert torch.equal(before[name], case.x_t[name]), f"determinism: the input's {name} was changed"


def check_interaction(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Moving two atoms of a molecule, its centre kept, changes every field of the others."""
    step = torch.randn(len(case.x_t), 3, generator=generator, dtype=case.x_t.pos.dtype)
    pos = case.x_t.pos.clone()
    pos[:, 0] += step
    pos[:, 1] -= step
    crowded = _with_bystanders(case.x_t)
    moved = Case(case.x_t.replace(pos=pos), case.levels)
    _responds("interaction", _others(moved.run(denoiser), crowded), _others(case.run(denoiser), crowded))


def check_levels(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """Levels per entry are refused, or those of one atom change the others, as the denoiser declares."""
    mixed = Case(case.x_t, entry_levels(case.x_t, generator))
    if denoiser.level_support is LevelSupport.PER_MOLECULE:
        try:
            mixed.run(denoiser)
        except LevelSupportError:
            return
        raise AssertionError("levels: declares one time per molecule but accepted times per entry")
    for field in mixed.levels.times:
        times = mixed.levels[field].clone()
        times[:, 0] = 1 - times[:, 0]
        other = Case(case.x_t, NoiseLevels({**mixed.levels.times, field: times}))
        crowded = _with_bystanders(case.x_t)
        _responds("levels", _others(mixed.run(denoiser), crowded), _others(other.run(denoiser), crowded))


def check_self_conditioning(denoiser: Denoiser, case: Case, generator: torch.Generator) -> None:
    """The estimate before changes every field of the answer, and turns with it; or it is not read."""
    dims = {name: value.shape[-1] for name, value in case.x_t.items()}
    previous = noisy_batch(dims, case.x_t.num_atoms.tolist(), generator, case.x_t.pos.dtype)
    plain, told = case.run(denoiser), case.run(denoiser, previous)
    if not denoiser.self_conditioned:
        _same("self conditioning is not declared", told, plain)
        return
    crowded = _with_bystanders(case.x_t)
    _responds("self conditioning", _others(told, crowded), _others(plain, crowded))
    matrix = random_rotation(len(case.x_t), generator, case.x_t.pos.dtype)
    turned = Case(case.x_t.rotate(matrix), case.levels).run(denoiser, previous.rotate(matrix))
    _same("self conditioning turns", turned, told.rotate(matrix))


CHECKS: dict[str, Callable[[Denoiser, Case, torch.Generator], None]] = {
    "rotation": check_rotation,
    "reflection": check_reflection,
    "permutation": check_permutation,
    "centred": check_centred,
    "independence": check_independence,
    "padding": check_padding,
    "padded_zero": check_padded_zero,
    "finite": check_finite,
    "shapes": check_shapes,
    "dtype": check_dtype,
    "determinism": check_determinism,
    "interaction": check_interaction,
    "levels": check_levels,
    "self_conditioning": check_self_conditioning,
}


def applicable_levels(denoiser: Denoiser, batch: MolBatch, generator: torch.Generator) -> NoiseLevels:
    """The most demanding levels that the denoiser declares to take."""
    per_entry = denoiser.level_support is LevelSupport.PER_ENTRY
    return (entry_levels if per_entry else uniform_levels)(batch, generator)


def _projection(value: Tensor, generator: torch.Generator) -> Tensor:
    """A scalar whose gradient vanishes nowhere, unlike that of a square at zero."""
    return (value * torch.randn(value.shape, generator=generator, dtype=value.dtype)).sum()


def _moved(denoiser: Denoiser, case: Case, matrix: Tensor) -> MolBatch:
    return Case(case.x_t.rotate(matrix), case.levels).run(denoiser)


def _padded_entries(batch: MolBatch, name: str) -> Tensor:
    both = batch.mask.unsqueeze(1) & batch.mask.unsqueeze(2)
    return ~both if FIELDS[name].pairwise else ~batch.mask


def _with_bystanders(batch: MolBatch) -> Tensor:
    """``(B,)`` bool: molecules with at least two atoms besides the two that are disturbed."""
    return batch.mask[:, 3]


def _others(batch: MolBatch, rows: Tensor) -> dict[str, Tensor]:
    """Outputs of all atoms but two; vectors from the third, so that recentring does not count."""
    kept = {n: v[rows, 2:, 2:] if FIELDS[n].pairwise else v[rows, 2:] for n, v in batch.items()}
    return {n: v - v[:, :1] if FIELDS[n].vector else v for n, v in kept.items()}


def _small(what: str, error: Tensor) -> None:
    assert error <= TOLERANCE, f"{what}: error {float(error):.2e} exceeds {TOLERANCE}"


def _same(what: str, found: MolBatch, expected: MolBatch) -> None:
    for name, value in found.items():
        _small(f"{what}: {name}", (value - expected[name]).abs().max())


def _responds(what: str, found: dict[str, Tensor], reference: dict[str, Tensor]) -> None:
    for name, value in found.items():
        change = float((value - reference[name]).abs().max())
        assert change > RESPONSE, f"{what}: {name} changed by {change:.1e} only"
