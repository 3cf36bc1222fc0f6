"""What a run has finished, in a file: replaced at once, hashed, and refused by any other run."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from densities.errors import ParameterError, argument_error

__all__ = ["entropy_in", "read", "refusal", "write"]


def _digest(plan: Any, tally: Any) -> str:
    return hashlib.sha256(json.dumps([plan, tally], sort_keys=True).encode()).hexdigest()


def write(path: Path, plan: dict[str, Any], tally: dict[str, Any]) -> None:
    """Plan and tally as JSON with a hash; the file is the old one or the new one, whenever the process or machine dies.

    The repr of a double reads back to the same bits.
    """
    tally = {name: np.asarray(part).tolist() for name, part in tally.items()}
    content = {"plan": plan, "tally": tally, "sha256": _digest(plan, tally)}
    fresh = path.with_name(f"{path.name}.part")
    with fresh.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def refusal(path: Path, reason: str) -> ParameterError:
    """The error of a file that this run cannot go on from."""
    return ParameterError(argument_error("checkpoint", "a file of this run, or none", str(path)) + f": {reason}")


def read(path: Path) -> dict[str, Any]:
    """{"plan": ..., "tally": ...} of a file; ParameterError where it is truncated, altered or something else."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise refusal(path, f"it cannot be read ({error})") from error
    if not isinstance(content, dict) or not content.keys() >= {"plan", "tally", "sha256"}:
        raise refusal(path, "it is not a checkpoint")
    if content["sha256"] != _digest(content["plan"], content["tally"]):
        raise refusal(path, "its content does not match its hash")
    return content


def entropy_in(path: str | os.PathLike | None) -> int | None:
    """The entropy of the run that a file holds; None where there is no file."""
    return None if path is None or not Path(path).exists() else read(Path(path))["plan"].get("entropy")
