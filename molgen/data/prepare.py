"""``molgen prepare``: from a source to a finished folder, once."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from molgen.core.contracts import Progress
from molgen.core.files import require_writable
from molgen.data.properties import PROPERTIES
from molgen.data.qm9 import SPLIT_RULE, load_qm9, source_tables
from molgen.data.store import STORE_FILE, is_complete, read_manifest, sha256, write_store


def prepare_qm9(root: Path, workers: int, progress: Progress | None = None) -> dict[str, object]:
    """Prepare QM9, unless the folder already holds it, finished and undamaged.

    Args:
        root: Folder to write to.
        workers: Number of processes.
        progress: Told of every finished part.

    Returns:
        The folder's manifest.

    Raises:
        DataError: The source is not installed or contradicts itself.
        InputError: The folder cannot be written.
    """
    if not is_complete(root):
        require_writable(root / STORE_FILE)
        tables = source_tables()
        manifest = {
            "name": "qm9",
            "source": f"qm9pack {importlib.metadata.version('qm9pack')}",
            "source_sha256": {table.name: sha256(table) for table in tables},
            "licence": "CC0 (QM9), MIT (qm9pack)",
            "split": SPLIT_RULE,
            "bond_rule": "from the SMILES by index, kekulised; checked against the geometry",
            "position_unit": "1e-4 angstrom",
            "properties": {name: {"unit": p.unit, "meaning": p.meaning} for name, p in PROPERTIES.items()},
        }
        write_store(load_qm9(workers, progress), root, manifest)
    return read_manifest(root)
