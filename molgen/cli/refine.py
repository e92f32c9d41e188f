"""``molgen refine``: a file of molecules with better geometries, and a record of how they were made."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from jsonargparse import ArgumentParser, Namespace
from jsonargparse.typing import PositiveInt
from rich.console import Console

from molgen.checkpoint.generator import MoleculeGenerator, SamplingOptions, load
from molgen.checkpoint.load import DEFAULT_CHECKPOINT
from molgen.chem.io import read_molecules, write_molecules
from molgen.chem.molecule import Molecule
from molgen.cli.progress import progress_bar
from molgen.cli.run_record import provenance, require_own_record
from molgen.control.refinement import DEFAULT_STEPS, DEFAULT_STRENGTH, MAX_STRENGTH, Refinement
from molgen.core.errors import InputError
from molgen.core.files import atomic_path, record_path, require_other, require_writable

REASONS_SHOWN = 3
"""Most frequent reasons, of molecules left as they were, that are printed; all are in the file."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", type=Path, help="molecules with bonds and all hydrogens, .sdf")
    parser.add_argument("-o", "--output", type=Path, default=Path("refined.sdf"), help="file to write, .sdf")
    parser.add_argument(
        "--strength",
        type=float,
        default=DEFAULT_STRENGTH,
        help=f"noise level of the first step, up to {MAX_STRENGTH:g}; less moves molecules less",
    )
    parser.add_argument(
        "--checkpoint", type=str, default=DEFAULT_CHECKPOINT, help="name, folder or .ckpt file"
    )
    parser.add_argument(
        "--steps", type=PositiveInt, default=DEFAULT_STEPS, help="steps, each to a finer level"
    )
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1 ...")
    parser.add_argument("--batch-size", type=PositiveInt, default=64, help="molecules at once; bounds memory")


def run(options: Namespace) -> None:
    """Read, refine, write, report.

    Raises:
        InputError: An option cannot be used, the file cannot be read, none of its molecules can be refined,
            or the output cannot be written.
        CheckpointError: There is no such checkpoint.
    """
    for path in (options.file, options.output):
        _require_sdf(path)
    molecules = read_molecules(options.file)
    generator = load(options.checkpoint, options.device)
    source = generator.source(SamplingOptions(batch_size=options.batch_size))
    refinement = Refinement(generator.setting, source, options.strength, options.steps)
    require_writable(options.output)
    require_other(options.output, [options.file])
    require_own_record(options.output)
    start = time.perf_counter()
    with progress_bar() as bar:
        task = bar.add_task("refining", total=len(molecules))
        finished = refinement(molecules, lambda count: bar.advance(task, count))
    seconds = time.perf_counter() - start
    _require_some(finished, options.file)
    write_molecules(finished, options.output)
    record = _record(generator, options, finished, seconds)
    with atomic_path(record_path(options.output)) as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n")
    _report(options, finished, seconds)


def _require_sdf(path: Path) -> None:
    """Refuse files without bonds.

    Raises:
        InputError: It is one.
    """
    if path.suffix.lower() != ".sdf":
        raise InputError(
            f"{path} is no SDF; refine reads and writes .sdf, which keeps bonds and a record of each molecule"
        )


def _require_some(finished: list[Molecule], file: Path) -> None:
    """Refuse to write a file in which nothing was done.

    Raises:
        InputError: No molecule was refined.
    """
    reasons = _reasons(finished)
    if reasons and sum(reasons.values()) == len(finished):
        reason, count = reasons.most_common(1)[0]
        raise InputError(
            f"none of the {len(finished)} molecules of {file} can be refined; {count} of them because: "
            f"{reason}; nothing was written"
        )


def _record(
    generator: MoleculeGenerator, options: Namespace, finished: list[Molecule], seconds: float
) -> dict[str, Any]:
    return {
        **provenance(generator, options),
        "nfe": options.steps,  # refinement is not guided: one evaluation a step
        "written": len(finished),
        "refined": sum(int(m.record["refined"]) for m in finished),
        "unrefined": dict(_reasons(finished)),
        "seconds": round(seconds, 3),
    }


def _reasons(finished: list[Molecule]) -> Counter[str]:
    return Counter(str(m.record["unrefined"]) for m in finished if "unrefined" in m.record)


def _report(options: Namespace, finished: list[Molecule], seconds: float) -> None:
    moved = [float(m.record["rmsd_moved"]) for m in finished if "rmsd_moved" in m.record]
    lines = [f"{options.output}: {len(moved)} of {len(finished)} molecules refined in {seconds:.1f} s"]
    if moved:
        lines.append(f"atoms moved by {np.median(moved):.3f} angstrom (root mean square, median)")
    reasons = _reasons(finished)
    lines += [f"{count} left as they were: {reason}" for reason, count in reasons.most_common(REASONS_SHOWN)]
    if len(reasons) > REASONS_SHOWN:
        lines.append(f"and for {len(reasons) - REASONS_SHOWN} more reasons: see the field 'unrefined'")
    console = Console()
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
