"""A compiled run may have as many programs as it has shapes, and leaves torch as it was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from molgen.training.callbacks import CompileDenoiser


@pytest.mark.parametrize("dynamic", [True, False])
def test_the_limit_is_that_of_the_run(dynamic: bool) -> None:
    asked: list[bool] = []

    def compiled(*, dynamic: bool) -> None:
        asked.append(dynamic)

    module = SimpleNamespace(denoiser=SimpleNamespace(compile=compiled))
    before = torch._dynamo.config.recompile_limit
    callback = CompileDenoiser(dynamic)
    callback.on_train_start(cast(Any, None), cast(Any, module))
    during = torch._dynamo.config.recompile_limit
    callback.teardown(cast(Any, None), cast(Any, module), "fit")
    callback.on_train_start(cast(Any, None), cast(Any, module))
    callback.on_exception(cast(Any, None), cast(Any, module), KeyboardInterrupt())
    assert asked == [dynamic] * 2
    assert during >= 3 * 18 > before == torch._dynamo.config.recompile_limit
