"""Parts of held-out molecules kept in place, and molecules of the same size grown around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch

from molgen.chem.molecule import Molecule
from molgen.control.request import Request, Setting
from molgen.control.scaffold import TOLERANCE, ScaffoldRequest
from molgen.evaluation.metrics import Figure, share
from molgen.trials.cutting import kept_parts, outer_pieces, piece, random_part, request_about, ring_system
from molgen.trials.sources import Requested
from molgen.trials.trial import Asked, Occasion, Taken, Trial, take


class ScaffoldTrial(Trial):
    """A random connected part, a ring system or a piece of each molecule, each kind as often where it exists.

    Where ring systems and pieces are severed from the molecule, their atoms are named as attachments; random
    parts may grow wherever a bond is missing.
    """

    name = "scaffold"

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        numpy_stream = np.random.default_rng(occasion.seed)
        torch_stream = torch.Generator().manual_seed(occasion.seed)
        make = partial(_any_part, occasion.setting, numpy_stream, torch_stream)
        yield _kept(take(occasion, self.name, make))

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Share of molecules that hold their part unmoved and unchanged."""
        return kept_share(asked, molecules)


class LinkerTrial(Trial):
    """Both ends of each molecule; what joins them is drawn. Molecules without two cuts are passed over."""

    name = "linker"

    def asked(self, occasion: Occasion) -> Iterator[Asked]:
        """See base."""
        make = partial(_ends, np.random.default_rng(occasion.seed))
        yield _kept(take(occasion, self.name, make))

    def figures(self, asked: Asked, molecules: Sequence[Molecule]) -> Mapping[str, Figure]:
        """Share of molecules that hold both ends unmoved and unchanged."""
        return kept_share(asked, molecules)


def kept_share(asked: Asked, molecules: Sequence[Molecule]) -> dict[str, Figure]:
    """Return ``kept``, looked at anew rather than taken from the request's objection."""
    verdicts = list(kept_parts(list(molecules), list(asked.about), TOLERANCE))
    return {"kept": share(sum(verdicts), len(verdicts), "requested molecules")}


def _any_part(
    setting: Setting, numpy_stream: np.random.Generator, torch_stream: torch.Generator, molecule: Molecule
) -> Request | None:
    parts = [
        (random_part(molecule, setting, torch_stream), False),
        (ring_system(molecule, numpy_stream), True),
        (piece(molecule, numpy_stream), True),
    ]
    found = [(part, named) for part, named in parts if part is not None]
    if not found:
        return None
    part, named = found[numpy_stream.integers(len(found))]
    return request_about(molecule, part, named)


def _ends(stream: np.random.Generator, molecule: Molecule) -> Request | None:
    part = outer_pieces(molecule, stream)
    return None if part is None else request_about(molecule, part, named=True)


def _kept(taken: Taken) -> Asked:
    about = [request.scaffold.molecule for request in taken.requests if isinstance(request, ScaffoldRequest)]
    return Asked("", about, Requested(taken.requests), taken.passed_over)
