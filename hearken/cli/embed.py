"""`hearken embed`: vectors of sound files, for other programs."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, ready_model
from hearken.errors import AudioError, InputError, show

if TYPE_CHECKING:
    from hearken.types import EmbeddedFile, Embedder, Failure


def embed(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Sound files.")],
    out: Annotated[Path, typer.Option("--out", metavar="X.npz", help="Where to write; replaces an existing file, whole or not at all.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="The model, by name, hub id or folder.")] = "pocket",
    windows: Annotated[bool, typer.Option("--windows", help="Also write the vector and the time span of every window.")] = False,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Write vectors of sound files to an .npz.

    Its arrays are `paths` (B,) and `vectors` (B, D), float32 of unit length.
    """
    from hearken.audio.crew import num_cores
    from hearken.files import write_whole
    from hearken.runtime.pool import FileEmbedder

    check_out(out)
    embedder = FileEmbedder(ready_model(model) or model)
    done, failed = embed_all(embedder, [os.path.abspath(file) for file in files], jobs or num_cores())
    if not done:
        raise AudioError(
            f"None of {output.plural(len(failed), 'file')} could be used. {failed[0].message}",
            output.folder_hint(failed[0].path) or failed[0].hint,
        )
    write_whole(out, [npz(done, windows=windows)])
    _report(out, embedder, done, failed, as_json=json)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def check_out(out: Path) -> None:
    """Raise InputError if `out` cannot become a file: now, not after hours of listening."""
    if out.suffix != ".npz":
        raise InputError(f"The output {show(out)} does not end in .npz.", "Name it for example vectors.npz.")
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {show(out.parent)} for the output.", "Make it first, or write to another place.")
    if out.is_dir():
        raise InputError(f"The output {show(out)} is a folder.", "Name a file in it.")


def embed_all(embedder: Embedder, paths: list[str], jobs: int) -> tuple[dict[str, EmbeddedFile], list[Failure]]:
    """Return what `embedder` makes of `paths`, in their order, and what failed; a path given twice counts once."""
    from hearken.types import EmbeddedFile, Failure

    results = dict(embedder.embed_files(dict.fromkeys(paths), jobs=jobs))
    ordered = {path: results[path] for path in paths if path in results}
    done = {path: result for path, result in ordered.items() if isinstance(result, EmbeddedFile)}
    return done, [result for result in ordered.values() if isinstance(result, Failure)]


def npz(done: dict[str, EmbeddedFile], *, windows: bool) -> bytes:
    """Return an .npz file. B files, N windows in all, D embedding size.

    `paths` (B,) str, `vectors` (B, D) float32 of unit length; with `windows` also `window_vectors` (N, D) float32,
    `spans` (N, 2) float64 in seconds, `window_files` (N,) int64: rows of `paths`.
    """
    import numpy as np

    arrays: dict[str, Any] = {  # no narrower: newer numpys' savez has a keyword of its own, and type checkers think of it
        "paths": np.array(list(done), dtype=np.str_),
        "vectors": np.stack([file.vectors.clip for file in done.values()]),
    }
    if windows:
        spans = [(span.start_s, span.end_s) for file in done.values() for span in file.vectors.spans]
        arrays["window_vectors"] = np.concatenate([file.vectors.windows for file in done.values()])
        arrays["spans"] = np.array(spans, np.float64).reshape(-1, 2)
        arrays["window_files"] = np.repeat(np.arange(len(done)), [len(file.vectors.windows) for file in done.values()])
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _report(out: Path, embedder: Embedder, done: dict[str, EmbeddedFile], failed: list[Failure], *, as_json: bool) -> None:
    if as_json:
        failures = [{"path": failure.path, "error": failure.error, "message": failure.message} for failure in failed]
        facts = {"out": os.path.abspath(out), "model": embedder.name, "digest": embedder.digest, "dim": embedder.dim}
        output.print_json({**facts, "paths": list(done), "failures": failures})
        return
    output.console().print(f"{output.plural(len(done), 'vector')} of {embedder.dim} numbers in {show(out)}")
    for failure in failed:
        output.note(f"failed: {output.failure_text(failure)} {output.folder_hint(failure.path)}".rstrip())
