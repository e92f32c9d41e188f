"""The set of known molecules that novelty and distances are measured against, small enough to ship.

Five bytes of BLAKE2b stand for a SMILES: 100,000 molecules take 500 KB, and the chance that a new
molecule is mistaken for a known one is 100,000 / 2^40, one in ten million. Python's own ``hash`` would
differ between processes. What measures say of the set is kept as distributions, see
:mod:`molgen.evaluation.distribution`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.chem.npz import read_arrays
from molgen.core.errors import InputError
from molgen.core.files import atomic_path
from molgen.evaluation.chemnet import ChemNetStatistics
from molgen.evaluation.distribution import Distributions
from molgen.evaluation.distribution_arrays import from_arrays, to_arrays

DIGEST_BYTES = 5


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """Digests of canonical SMILES, and what is known of the molecules' geometry and make-up.

    Attributes:
        name: What the set is, for reports; also says so where distances are to another set than novelty.
        digests: ``(K,)`` uint64 below 2^40, sorted, each once.
        distributions: Measure name to its distributions; those that are missing leave distances out.
        chemnet: ChemNet's view of the set, or ``None``.
        smiles: A fair sample of the set's SMILES, for what is not kept ready; may be empty.
    """

    name: str
    digests: NDArray[np.uint64]
    distributions: Mapping[str, Distributions] = field(default_factory=dict)
    chemnet: ChemNetStatistics | None = None
    smiles: Sequence[str] = ()

    @classmethod
    def from_smiles(cls, smiles: Iterable[str | None], name: str) -> ReferenceSet:
        """Build from SMILES of :func:`molgen.chem.largest_fragment_smiles`; ``None`` is left out."""
        return cls(name, np.unique(_digests(s for s in smiles if s is not None)))

    @classmethod
    def load(cls, path: str | Path) -> ReferenceSet:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: The file is missing or is no reference.
        """
        arrays = read_arrays(Path(path))
        if not {"name", "digests"} <= set(arrays):
            raise InputError(f"{path} has arrays {sorted(arrays)}; a reference has name and digests")
        packed = arrays["digests"]
        if packed.dtype != np.uint8 or packed.shape[1:] != (DIGEST_BYTES,):
            raise InputError(
                f"{path} has digests {packed.shape} {packed.dtype}; a reference has (K, {DIGEST_BYTES}) "
                "uint8, so it is damaged or of another version: make it again"
            )
        digests = _unpack(packed)
        if (digests[1:] <= digests[:-1]).any():
            raise InputError(f"{path} is damaged: its digests are not sorted; make it again")
        try:
            return cls(
                str(arrays["name"]), digests, from_arrays(arrays), ChemNetStatistics.from_arrays(arrays)
            )
        except InputError as error:
            raise InputError(f"{path} is damaged: {error}") from error

    def expected_uniqueness(self, draws: int) -> float:
        """The share of different molecules among so many draws from the set, each as probable as another.

        Args:
            draws: How often is drawn, with replacement.

        Raises:
            InputError: Nothing is drawn, or there is nothing to draw from.
        """
        known = len(self)
        if known < 1 or draws < 1:
            raise InputError(
                f"uniqueness is that of a draw or more from a molecule or more, got {draws} of {known}"
            )
        return known / draws * (1 - (1 - 1 / known) ** draws)

    def save(self, path: str | Path) -> None:
        """Write an NPZ file, complete or not at all.

        It has arrays ``name`` and ``digests``, and those of the distributions and of ChemNet where they are
        known; the sample of SMILES is not kept.

        Raises:
            InputError: The folder is read-only or full.
        """
        with atomic_path(Path(path)) as partial, partial.open("wb") as handle:
            packed = self.digests.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :DIGEST_BYTES]
            known = to_arrays(self.distributions)
            known |= {} if self.chemnet is None else self.chemnet.to_arrays()
            arrays: dict[str, Any] = {"name": np.array(self.name), "digests": packed, **known}
            np.savez_compressed(handle, **arrays)

    def __len__(self) -> int:
        """Number of different molecules ``K``."""
        return len(self.digests)

    def contains(self, smiles: str) -> bool:
        """Say whether the set holds a SMILES of the same canonical form."""
        return bool(self.contains_all([smiles])[0])

    def contains_all(self, smiles: Sequence[str]) -> NDArray[np.bool_]:
        """Say for each SMILES whether the set holds it, ``(len(smiles),)`` bool."""
        wanted = _digests(smiles)
        if not len(self.digests):
            return np.zeros(len(wanted), dtype=bool)
        place = np.searchsorted(self.digests, wanted).clip(max=len(self.digests) - 1)
        found: NDArray[np.bool_] = self.digests[place] == wanted
        return found


def _digests(smiles: Iterable[str]) -> NDArray[np.uint64]:
    raw = b"".join(blake2b(s.encode(), digest_size=DIGEST_BYTES).digest() for s in smiles)
    return _unpack(np.frombuffer(raw, dtype=np.uint8).reshape(-1, DIGEST_BYTES))


def _unpack(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Read rows of :data:`DIGEST_BYTES` bytes, the lowest first, as ``(K,)`` numbers."""
    padded = np.zeros((len(packed), 8), dtype=np.uint8)
    padded[:, :DIGEST_BYTES] = packed
    return padded.view("<u8").ravel().astype(np.uint64)
