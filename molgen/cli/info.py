"""``molgen info``: what a checkpoint is, where it came from and what it scores."""

from __future__ import annotations

import json

from jsonargparse import ArgumentParser, Namespace
from rich.console import Console
from rich.table import Table

from molgen.checkpoint.load import DEFAULT_CHECKPOINT, load_checkpoint, shipped_checkpoints


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "checkpoint",
        type=str,
        nargs="?",
        default=DEFAULT_CHECKPOINT,
        help=f"name ({', '.join(shipped_checkpoints())}), folder or .ckpt file",
    )


def run(options: Namespace) -> None:
    """Print the card.

    Raises:
        CheckpointError: There is no such checkpoint.
    """
    checkpoint = load_checkpoint(options.checkpoint)
    card, console = checkpoint.card, Console()
    sizes = checkpoint.statistics.sizes.counts
    parameters = sum(p.numel() for p in checkpoint.denoiser.parameters())
    console.print(f"[bold]{card.name}[/bold]: {card.description}", soft_wrap=True)
    facts = {
        "parameters": f"{parameters:,}",
        "elements": " ".join(checkpoint.vocab.elements),
        "atoms": f"{min(sizes)} to {max(sizes)}",
        "sampling": json.dumps(card.sampling),
        "licence": card.licence,
        **{key: value for key, value in card.training.items() if not isinstance(value, dict)},
    }
    for key, value in facts.items():
        console.print(f"  {key}: {value}", soft_wrap=True, highlight=False)
    if card.metrics:
        table = Table("metric", "value", "command", title="measured")
        for row in card.metrics:
            table.add_row(str(row["name"]), str(row["value"]), str(row["command"]))
        console.print(table)
