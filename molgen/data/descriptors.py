"""Add descriptors to the properties of a prepared data set, so that models can be conditioned on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molgen.chem.descriptors import DESCRIPTORS, describe
from molgen.core.contracts import Progress
from molgen.core.errors import DataError
from molgen.data.store import read_manifest, read_store, write_store

_CHUNK = 500


def add_descriptors(root: Path, workers: int, progress: Progress | None = None) -> dict[str, object]:
    """Compute the descriptors of every molecule from its SMILES, unless the folder already has them.

    Args:
        root: Folder made by ``molgen prepare``.
        workers: Number of processes.
        progress: Told of every finished part.

    Returns:
        The folder's manifest.

    Raises:
        DataError: The folder holds no finished store, or its manifest names no properties.
        InputError: The folder cannot be written.
    """
    manifest, store = read_manifest(root), read_store(root)
    known = manifest.get("properties")
    if not isinstance(known, dict) or len(known) != store.properties.shape[1]:
        raise DataError(f"the manifest of {root} does not name its properties; prepare it again")
    if set(DESCRIPTORS) <= set(known):
        return manifest
    chunks = [store.smiles[start : start + _CHUNK] for start in range(0, len(store), _CHUNK)]
    columns = []
    for part in Parallel(n_jobs=workers, return_as="generator")(delayed(_columns)(c) for c in chunks):
        columns.append(part)
        if progress is not None:
            progress(len(part))
    kept = [name for name in known if name not in DESCRIPTORS]
    old = store.properties[:, [list(known).index(name) for name in kept]]
    named = {name: known[name] for name in kept} | {
        name: {"unit": spec.unit, "meaning": spec.meaning} for name, spec in DESCRIPTORS.items()
    }
    described = replace(store, properties=np.hstack([old, np.concatenate(columns)]))
    write_store(described, root, manifest | {"properties": named})
    return read_manifest(root)


def _columns(smiles: NDArray[np.bytes_]) -> NDArray[np.float64]:
    """``(len(smiles), D)`` descriptors; NaN where a SMILES cannot be read."""
    rows = np.full((len(smiles), len(DESCRIPTORS)), np.nan)
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles):
            mol = Chem.MolFromSmiles(text.decode())
            if mol is not None:
                rows[row] = list(describe(mol).values())
    return rows
