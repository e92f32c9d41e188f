"""What a Python user holds: ``molgen.load("qm9").sample(100)``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from molgen.checkpoint.build import build_sampler
from molgen.checkpoint.device import find_device
from molgen.checkpoint.load import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint
from molgen.checkpoint.records import DRAWN, REDRAWN, counted, predictor_of, recorded
from molgen.chem.molecule import Molecule
from molgen.control import DeNovo, Draw, Request, Setting, Targets, read_asked
from molgen.control.attempts import Attempt, Attempts
from molgen.control.drawer import Drawer
from molgen.control.misfit import Misfit, check_properties
from molgen.control.reading import PropertyReader
from molgen.control.repair import Repair, Withheld
from molgen.control.request import require_bonds
from molgen.core.contracts import Progress
from molgen.core.errors import InputError
from molgen.core.seeds import check_seed
from molgen.core.tasks import Given
from molgen.sampling import Generator, Guided, ReverseSampler


@dataclass(frozen=True)
class SamplingOptions:
    """How to draw and what; ``None`` means the checkpoint's own default.

    Attributes:
        steps: Number of sampling steps; NFE follows from it, the sampler with its polishing, guidance and
            repairs.
        sampler: A name in :data:`molgen.sampling.SAMPLERS`.
        batch_size: Molecules drawn at once; bounds memory.
        request: What the molecules shall be; anything by default.
        targets: Properties that they shall have.
        repair: How often a molecule that is not whole, or not what ``request`` says, is drawn again from part
            of the way (for properties see ``targets``); by default
            :data:`molgen.control.repair.DEFAULT_ROUNDS` times where the model can.
    """

    steps: int | None = None
    sampler: str | None = None
    batch_size: int = 64
    request: Request = field(default_factory=DeNovo)
    targets: Targets = field(default_factory=lambda: Targets({}))
    repair: int | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is asked that a molecule can fail to be; sizes are so by construction."""
        return type(self.request) is not DeNovo or bool(self.targets.targets)


class MoleculeGenerator:
    """A loaded model on a device.

    Args:
        checkpoint: What :func:`molgen.checkpoint.load_checkpoint` returned.
        device: Where to compute: ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``.

    Raises:
        InputError: The device does not exist on this machine.
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "auto") -> None:
        self.checkpoint = checkpoint
        self.device = find_device(device)
        self.denoiser = checkpoint.denoiser.to(self.device)
        self._samplers: dict[tuple[str | None, int | None], ReverseSampler] = {}
        noise = checkpoint.noise
        self.setting = Setting(
            checkpoint.vocab, noise.fields, noise.template, checkpoint.statistics, checkpoint.card.name
        )

    def sampler(self, options: SamplingOptions) -> ReverseSampler:
        """Return the sampler that ``options`` describe; it is shared, and not to be changed.

        Raises:
            InputError: The sampler is unknown or the number of steps is less than 1.
            IncompatibleSamplerError: The sampler cannot walk this model's noise.
        """
        sampler = options.request.sampled_by(self._chosen(options.sampler, options.steps))
        sampler.check(self.checkpoint.noise)
        return sampler

    def _chosen(self, name: str | None, steps: int | None) -> ReverseSampler:
        """Build a sampler, once: reading its configuration takes as long as drawing."""
        if (key := (name, steps)) not in self._samplers:
            self._samplers[key] = build_sampler(self.checkpoint.card.sampling, *key)
        return self._samplers[key]

    def check(self, options: SamplingOptions) -> list[str]:
        """Refuse what cannot be drawn, before anything is; return warnings.

        Raises:
            InputError: An option cannot be used with this model.
            IncompatibleSamplerError: The sampler cannot walk this model's noise.
            CheckpointError: The network that reads properties is damaged.
        """
        if options.batch_size < 1:
            raise InputError(f"the batch size must be at least 1, got {options.batch_size}")
        self.sampler(options)
        self.repair(options)
        warnings = options.targets.check(self.setting)
        options.request.check(self.setting)
        return warnings + check_properties(options.targets, options.request, self.reader(options))

    def repair(self, options: SamplingOptions) -> Repair:
        """Say how broken molecules are redrawn.

        Raises:
            InputError: It is asked for, but the model draws no bonds to tell broken ones by, or the request
                brings a sampler of its own.
        """
        chosen = self._chosen(options.sampler, options.steps)
        own_sampler = options.request.sampled_by(chosen) is not chosen
        if options.repair:
            require_bonds(self.setting, f"--repair {options.repair}")
            if own_sampler:
                raise InputError(f"--repair {options.repair} has no part in --by replacement; leave one out")
        if options.repair is None and (own_sampler or "bond" not in self.setting.fields):
            return Repair(rounds=0)
        return Repair() if options.repair is None else Repair(options.repair)

    def nfe(self, options: SamplingOptions, molecules: Sequence[Molecule] = ()) -> float:
        """Denoiser evaluations per molecule; of drawn ``molecules`` the mean, with attempts and repairs."""
        if not molecules:
            return self._nfe(options)
        draws = sum(int(molecule.record.get(DRAWN, 1)) for molecule in molecules)
        repairs = sum(int(molecule.record.get(REDRAWN, 0)) for molecule in molecules)
        evaluations = draws * self._nfe(options) + repairs * self._nfe(self._repairing(options))
        return evaluations / len(molecules)

    def _nfe(self, options: SamplingOptions) -> int:
        return self.sampler(options).nfe(self.checkpoint.noise) * self.source(options).denoiser.evaluations

    def _repairing(self, options: SamplingOptions) -> SamplingOptions:
        return replace(options, steps=self.repair(options).steps)

    def sample(
        self,
        count: int,
        options: SamplingOptions | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        **asked: Any,  # noqa: ANN401
    ) -> list[Molecule]:
        """Draw molecules; failed ones are among them, with a reason.

        Args:
            count: Number of molecules.
            options: How to draw and what; the checkpoint's defaults if absent.
            seed: The same seed, options and device give the same molecules.
            progress: Told of every finished batch.
            asked: Instead of ``options``, the names of ``molgen sample``'s options: ``formula="C7H10N2O"``,
                ``steps=50``; see :func:`molgen.control.options.read_asked`.

        Returns:
            ``count`` molecules in the order they were requested.

        Raises:
            InputError: An option cannot be used.
        """
        return next(self.stream(count, options, seed, progress, **asked))

    def stream(
        self,
        count: int,
        options: SamplingOptions | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        **asked: Any,  # noqa: ANN401
    ) -> Iterator[list[Molecule]]:
        """Yield one list of ``count`` molecules after another from one random stream, without end.

        Raises:
            InputError: An option cannot be used.
        """
        if options is not None and asked:
            raise InputError(f"give options or {sorted(asked)}, not both")
        options = read_options(**asked) if options is None else options
        check_seed(seed)
        if count < 1:
            raise InputError(f"the number of molecules must be at least 1, got {count}")
        self.check(options)
        reader = self.reader(options)
        request_stream = torch.Generator().manual_seed(seed)
        noise_stream = torch.Generator(self.device).manual_seed(seed)
        for first in itertools.count(0, count):
            labels = options.targets.draw(count, self.setting, request_stream)
            ask = partial(_asked, options.request, Draw(count, self.setting, request_stream, labels, first))
            misfit = Misfit(self.setting, options.request, options.targets, reader, first)
            drawn = self._drawn(options, ask, misfit, noise_stream, progress)
            decoded = enumerate(counted(drawn, self.checkpoint.vocab), start=first)
            finished = [options.request.finish_row(molecule, row) for row, molecule in decoded]
            if options.asks:
                wanted = [{n: v[row].item() for n, v in labels.items()} for row in range(count)]
                rows = zip(finished, reader(finished), wanted, strict=True)
                finished = [recorded(*row, misfit) for row in rows]
            yield finished

    def attempts(self, options: SamplingOptions) -> Attempts:
        """Say how often molecules are drawn: once where nothing asked can be read, or could change."""
        varied = self.reader(options).errors.keys() - options.request.properties().keys()
        return options.targets.attempts if varied else Attempts(1)

    def reader(self, options: SamplingOptions) -> PropertyReader:
        """Build what reads the asked properties off molecules.

        Raises:
            CheckpointError: The network that is needed is damaged, or did not come with the package.
        """
        names, model = list(options.targets.targets), predictor_of(options.targets)
        return (
            PropertyReader(names) if model is None else PropertyReader(names, model.judge, model.card.errors)
        )

    def _drawn(
        self,
        options: SamplingOptions,
        ask: Callable[[], Given],
        misfit: Misfit,
        stream: torch.Generator,
        progress: Progress | None,
    ) -> list[Attempt]:
        """Draw a round; progress is told of batches, or of molecules where several attempts are made."""
        attempts, told = self.attempts(options), Withheld(progress)
        repair, redraw = self.repair(options), self.source(self._repairing(options))
        draw = Drawer(self.source(options), redraw, repair, misfit.broken, stream)
        if attempts.most > 1:
            return attempts(ask, draw, misfit, progress)
        drawn = replace(draw, progress=told)(given := ask(), range(len(given.molecules)))
        told.release()
        return drawn

    def source(self, options: SamplingOptions) -> Generator:
        """Build what draws molecules as ``options`` describe, guided where they ask for it.

        Raises:
            InputError: The sampler is unknown or the number of steps is less than 1.
            IncompatibleSamplerError: The sampler cannot walk this model's noise.
        """
        guided = bool(options.targets.targets) and options.targets.guidance != 1
        denoiser = Guided(self.denoiser, options.targets.guidance) if guided else self.denoiser
        return Generator(denoiser, self.checkpoint.noise, self.sampler(options), options.batch_size)


def _asked(request: Request, draw: Draw) -> Given:
    """Say what is known of a round's molecules, with the properties asked of them; anew at every call."""
    given = request.given(draw)
    return replace(given, molecules=given.molecules.labelled(draw.labels))


def read_options(
    steps: int | None = None,
    sampler: str | None = None,
    batch_size: int = 64,
    repair: int | None = None,
    **asked: Any,  # noqa: ANN401
) -> SamplingOptions:
    """Build options from the names that ``molgen sample`` uses.

    Args:
        steps: As in :class:`SamplingOptions`.
        sampler: As in :class:`SamplingOptions`.
        batch_size: As in :class:`SamplingOptions`.
        repair: As in :class:`SamplingOptions`.
        asked: What the molecules shall be: see :func:`molgen.control.options.read_asked`.

    Raises:
        InputError: A name is unknown, a value cannot be read, or two contradict each other.
    """
    for name, value in (("steps", steps), ("batch_size", batch_size)):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise InputError(f"{name} must be a whole number of at least 1, got {value!r}")
    if repair is not None and not isinstance(repair, int):
        raise InputError(f"repair must be a whole number, got {repair!r}")
    return SamplingOptions(steps, sampler, batch_size, *read_asked(**asked), repair)


def load(name: str | Path = DEFAULT_CHECKPOINT, device: str = "auto") -> MoleculeGenerator:
    """Load a model, ready to sample.

    Args:
        name: A shipped checkpoint's name, a checkpoint folder, or a training run's ``.ckpt``.
        device: Where to compute; ``auto`` takes a GPU if there is one.

    Raises:
        CheckpointError: There is none of that name, or it is damaged.
        InputError: The device does not exist on this machine.
    """
    return MoleculeGenerator(load_checkpoint(name), device)
