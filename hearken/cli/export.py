"""`hearken export`: sounds that a search or a collection holds, as a list or cut out; or a model as the folder that runs without PyTorch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import completing, output
from hearken.cli.options import JsonOption, LibraryOption, hit_count
from hearken.cli.saving import PadOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.zoo.publish import Published


def export(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A training run, a folder of trained weights, a checkpoint file, or a name or hub id."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PLACE",
            help="Of sounds: the file or folder to write. Of a model: the folder to make; default: by its name among the installed models.",
        ),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Matrices in 8 bits: a quarter of the size; the loss is measured and printed.")
    ] = False,
    segment_s: Annotated[
        float | None, typer.Option("--segment-s", metavar="S", min=0.1, max=120.0, help="Seconds of sound that are encoded at once.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="What the model is called. Default: that of MODEL.")] = None,
    json: JsonOption = False,
    search: Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Export the sounds that this describes.")] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", metavar="NAME", autocompletion=completing.collections, help="Export a collection.")
    ] = None,
    saved: Annotated[
        str | None,
        typer.Option("--saved", metavar="NAME", autocompletion=completing.saved_searches, help="Export what a saved search finds."),
    ] = None,
    library: LibraryOption = None,
    k: Annotated[int, typer.Option("-k", parser=hit_count, metavar="N", help="How many hits of a search to export.")] = 100,
    pad: PadOption = 0.0,
) -> None:
    """Export sounds, as a list or cut out; or a model.

    With --search, --collection or --saved: the sounds, as the suffix of --out says (.csv .json .m3u8 .txt .tsv .zip, or a folder).
    With MODEL: turn a dual encoder into ONNX files and check them. A folder is left only when its embeddings equal those of the network.
    Needs the extra train (in Hearken's folder: pip install ".[train]").
    """
    sources = {name: value for name, value in (("--search", search), ("--collection", collection), ("--saved", saved)) if value is not None}
    if sources or model is None:
        _check_sounds(sources, out, of_model={"MODEL": model, "--int8": int8, "--segment-s": segment_s, "--name": name})
        from hearken.cli.export_sounds import Wanted, export_sounds

        export_sounds(Wanted(search, collection, saved, k, pad), library, out or Path(), as_json=json)
        return
    made = _exported(model, out=out, name=name, segment_s=segment_s, int8=int8)
    if json:
        output.print_json(export_json(made))
    else:
        output.console().print("\n".join(report(made)))


def _check_sounds(sources: dict[str, str], out: Path | None, of_model: dict[str, object]) -> None:
    """Refuse what does not go together. Raises BadParameter."""
    if not sources:
        raise typer.BadParameter("Nothing to export is named: a MODEL, or sounds by --search TEXT, --collection NAME or --saved NAME.")
    if len(sources) > 1:
        raise typer.BadParameter(f"{' and '.join(sources)} exclude each other.")
    mixed = [name for name, value in of_model.items() if value not in (None, False)]
    if mixed:
        raise typer.BadParameter(f"{', '.join(mixed)} belongs to the export of a model, and {next(iter(sources))} to that of sounds.")
    if out is None:
        raise typer.BadParameter("--out PLACE is missing: a file such as hits.csv or hits.zip, or a folder for the sounds.")


def _exported(model: str, *, out: Path | None, name: str | None, segment_s: float | None, int8: bool) -> Published:
    from hearken.runtime.catalog import is_run
    from hearken.zoo.install import export_model, need_extra

    def tell(step: str) -> None:
        output.note(f"{step} ...")

    folder = Path(model).expanduser()
    if not is_run(folder):
        return export_model(model, out=out, name=name, segment_s=segment_s, int8=int8, tell=tell)
    need_extra()
    from hearken.train.runs.export import export_run

    return export_run(folder, out=out, name=name, segment_s=segment_s, int8=int8, tell=tell)


def export_json(made: Published) -> dict[str, Any]:
    """Return what was made as JSON: `model`, `folder`, `digest`, `size_bytes`, `max_delta`, and with 8 bits `int8` and `loss`."""
    value: dict[str, Any] = {
        "model": made.name, "folder": str(made.folder), "digest": made.digest, "size_bytes": made.size_bytes,
        "max_delta": {"audio": made.parity.audio, "text": made.parity.text},
    }  # fmt: skip
    return value | ({"int8": list(made.int8), "loss": asdict(made.loss)} if made.loss else {})


def report(made: Published) -> list[str]:
    """Return what was made, in lines for people."""
    parity = made.parity
    counts = (
        f"{parity.audio:.1e} ({output.plural(parity.num_sounds, 'sound')}), {parity.text:.1e} ({output.plural(parity.num_texts, 'text')})"
    )
    lines = [
        f"{show(made.name)} in {show(made.folder)}: {output.size(made.size_bytes)}, digest {made.digest[:12]}",
        f"largest difference from the network: {counts}",
    ]
    if made.loss:
        loss = made.loss
        sound, text = (f"{low:.4f} ({mean:.4f})" for low, mean in ((loss.audio_min, loss.audio_mean), (loss.text_min, loss.text_mean)))
        lines.append(f"8 bits in {' and '.join(made.int8)}: lowest (mean) cosine to the exact vectors: sound {sound}, text {text}")
        lines.append(
            f"best of {loss.num_sounds} test sounds unchanged for {loss.same_top:.0%} of texts; mean shift {loss.mean_shift:.2f} places"
        )
    return lines
