"""`hearken caption`: what is in these sounds, in a sentence each, written by a machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_INTERRUPTED, EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, seconds
from hearken.errors import AudioError, InputError, show

if TYPE_CHECKING:
    from hearken.caption.decoding import Decoding
    from hearken.caption.files import CaptionedFile, Told
    from hearken.caption.kept import CaptionsFile
    from hearken.types import Failure

    Tell = Callable[[Sequence[str], int, Decoding | None], Generator[Told, None, None]]
    """Captions of paths, by so many jobs, decoded so."""

_MARK = "Machine-made captions: they are often wrong."


class Captioner(Protocol):
    """What this command must know of a captioner."""

    @property
    def name(self) -> str:
        """Name for messages."""
        ...

    @property
    def digest(self) -> str:
        """Identity of all that decides what it writes."""
        ...


def caption(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Sound files, or folders of them.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="The captioner: by name, its folder, or a training run.")] = "pocket-captions",
    beam: Annotated[int | None, typer.Option("--beam", min=1, max=100, metavar="N", help="Captions that the search keeps at a time. Default: the captioner's own.")] = None,
    every: Annotated[
        float | None, typer.Option("--every", parser=seconds, metavar="S", help="Also a caption for every S seconds of longer sounds, or M:SS.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep them in a .csv, .json or .jsonl; run again, it goes on with what is missing.")
    ] = None,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Describe sounds: one sentence for each file, written by a machine, offline.

    Folders are searched as `hearken index` does; sounds are only ever read.
    """
    from hearken.audio.crew import num_cores
    from hearken.caption.files import check_every, find_sounds

    check_every(every)
    captioner, tell = _captioner(model, every)
    decoding = _decoding(captioner, beam)
    kept = _kept(out, captioner, decoding, every)
    paths, failed = find_sounds(files)
    if not paths:
        raise _nothing(files, failed)
    done = {path: known for path in paths if kept and (known := kept.known(path))}
    missing = [path for path in paths if path not in done]
    try:
        with closing(tell(missing, jobs or num_cores(), decoding)) as results:
            failed += _caption_all(results, len(missing), paths, kept, done, quiet=json)
    except KeyboardInterrupt:
        _interrupted(captioner, [done[path] for path in paths if path in done], len(paths), kept, as_json=json)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    rows = [done[path] for path in paths if path in done]
    if not rows:
        raise AudioError(f"None of {output.plural(len(failed), 'file')} could be used. {failed[0].message}", failed[0].hint)
    _report(captioner, rows, failed, kept, as_json=json, num_new=len(set(missing) & set(done)))
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _captioner(name: str, every_s: float | None) -> tuple[Captioner, Tell]:
    """The captioner, and what tells the captions of paths: on vectors of the model that it belongs to or, where it is as it was trained, on sound."""
    if _is_trained(name):
        from hearken.cli.caption_trained import TrainedCaptioner

        if every_s:
            raise InputError(f"{show(name)} is a captioner as it was trained, which writes of whole sounds.", "Leave out --every.")
        trained = TrainedCaptioner(name)
        return trained, lambda paths, jobs, decoding: trained.caption_files(paths, jobs=jobs, decoding=decoding)
    from hearken.caption.catalog import model_of, open_captioner
    from hearken.caption.files import caption_files
    from hearken.runtime.pool import FileEmbedder

    captioner = open_captioner(name)
    embedder = FileEmbedder(model_of(captioner))
    captioner.warm()  # a damaged one is told before anything is heard
    return captioner, lambda paths, jobs, decoding: caption_files(captioner, embedder, paths, jobs=jobs, decoding=decoding, every_s=every_s)


def _is_trained(name: str) -> bool:
    """Say whether `name` is a captioner as it was trained; what reads runs is imported only where there may be one."""
    files = [Path(place, file) for place in (name, Path("runs", name)) for file in ("run.json", "model.safetensors")]
    if not any(file.is_file() for file in files):
        return False
    from hearken.evaluate.captioning.writers import is_trained

    return is_trained(name)


def _decoding(captioner: Captioner, beam: int | None) -> Decoding | None:
    """What `--beam` asks for. Raises InputError for a captioner that searches no words."""
    own: Decoding | None = getattr(captioner, "decoding", None)
    if beam is None:
        return own
    if own is None:
        raise InputError(f"The captioner {show(captioner.name)} searches no words, so that --beam changes nothing.", "Leave it out.")
    return replace(own, beam=beam)


def _kept(out: Path | None, captioner: Captioner, decoding: Decoding | None, every_s: float | None) -> CaptionsFile | None:
    from hearken.caption.kept import CaptionsFile

    if out is None:
        return None
    parts = [captioner.name, captioner.digest[:12], f"beam {decoding.beam}" if decoding else "", f"every {every_s:g} s" if every_s else ""]
    return CaptionsFile(out, " ".join(filter(None, parts)))


def _nothing(files: Sequence[Path], failed: Sequence[Failure]) -> AudioError | InputError:
    gone = [file for file in files if _is_gone(file)]
    if gone:
        return InputError(f"There is no file or folder {show(gone[0])}.", "Check the path.")
    if failed:
        return AudioError(failed[0].message, failed[0].hint)
    return InputError(f"There is no sound in {', '.join(map(show, files))}.", "Sounds are known by their suffix, such as .wav or .flac.")


def _is_gone(file: Path) -> bool:
    try:
        file.expanduser().lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError, RuntimeError):  # not allowed to look, no such name, no home: the reason that reading gave says more
        return False
    return False


def _caption_all(
    told: Iterable[Told], count: int, order: Sequence[str], kept: CaptionsFile | None, done: dict[str, CaptionedFile], *, quiet: bool
) -> list[Failure]:
    """Put the captions that are made into `done`, by path, and return what failed; whatever stops it, what is done is kept."""
    from hearken.types import Failure

    failed: list[Failure] = []
    try:
        with CountBar("Listening", "files", quiet=quiet) as bar:
            for number, each in enumerate(told, start=1):
                if isinstance(each, Failure):
                    failed.append(each)
                else:
                    done[each.path] = each
                    if kept:
                        kept.add(each)
                bar(number, count)
    finally:
        if kept and kept.done:
            kept.finish(order)
    places = {path: place for place, path in enumerate(order)}
    return sorted(failed, key=lambda failure: places.get(failure.path, len(places)))


def _interrupted(captioner: Captioner, rows: list[CaptionedFile], num_asked: int, kept: CaptionsFile | None, *, as_json: bool) -> None:
    """Say after Ctrl-C how far it got and how to go on. What is kept nowhere is shown, but as JSON, where half of it could pass for all."""
    asked = output.number(num_asked)
    if kept:
        are = "is" if len(rows) == 1 else "are"
        output.note(
            f"Interrupted. {output.number(len(rows))} of {output.plural(num_asked, 'caption')} {are} kept in {show(kept.path)}; "
            "run the same command again to go on."
        )
    elif rows and not as_json:
        _print_table(captioner, rows)
        output.note(
            f"Interrupted. {output.plural(len(rows), 'caption')} of {asked} got ready; --out FILE keeps captions as they get ready."
        )
    else:
        output.note("Interrupted. Nothing was kept; --out FILE keeps captions as they get ready.")


def _report(
    captioner: Captioner, rows: list[CaptionedFile], failed: list[Failure], kept: CaptionsFile | None, *, as_json: bool, num_new: int
) -> None:
    from hearken.caption.kept import row_json

    if as_json:
        facts = {
            "captioner": captioner.name,
            "digest": captioner.digest,
            "machine_made": True,
            "unsure_below": _unsure_below(captioner),
            "out": os.path.abspath(kept.path) if kept else None,
        }
        failures = [{"path": failure.path, "error": failure.error, "message": failure.message} for failure in failed]
        output.print_json({**facts, "captions": [row_json(row) for row in rows], "failed": failures})
        return
    if kept:
        output.console().print(_kept_text(kept, len(rows), num_new))
        output.note(_made_by(captioner))
    else:
        _print_table(captioner, rows)
    for failure in failed:
        output.note(f"failed: {output.failure_text(failure)}")


def _kept_text(kept: CaptionsFile, num_rows: int, num_new: int) -> str:
    """How many captions are in the file, and how many of them are new unless all are."""
    if num_new == len(kept.done):
        return f"{output.plural(num_new, 'caption')} in {show(kept.path)}"
    if num_new:
        return f"{output.plural(num_new, 'new caption')}; {show(kept.path)} has {output.number(len(kept.done))}"
    return f"{output.plural(num_rows, 'caption')} in {show(kept.path)} ({'it was' if num_rows == 1 else 'all were'} there)"


def _print_table(captioner: Captioner, rows: list[CaptionedFile]) -> None:
    lines = _lines(rows, _unsure_below(captioner))
    output.console().print(output.table(("file", "caption", "score", ""), lines, folding=("file", "caption"), drop_empty=True))
    output.note(_made_by(captioner))


def _made_by(captioner: Captioner) -> str:
    return f"{_MARK} Made by {show(captioner.name)}."


def _unsure_below(captioner: Captioner) -> float | None:
    found: float | None = getattr(captioner, "unsure_below", None)
    return found


def _lines(rows: list[CaptionedFile], unsure_below: float | None) -> list[tuple[str, str, str, str]]:
    """A line for each file, and below it one for each of its stretches. Silence is never unsure: nothing was guessed."""
    from hearken.caption.files import SILENCE

    lines = []
    for row in rows:
        stretches = [(f"  {output.clock(each.span.start_s)}-{output.clock(each.span.end_s)}", each.made) for each in row.spans]
        for name, made in [(_near(row.path), row.made), *stretches]:
            is_unsure = unsure_below is not None and made.score < unsure_below and made != SILENCE
            lines.append((name, made.text, f"{made.score:.2f}", "unsure" if is_unsure else ""))
    return lines


def _near(path: str) -> str:
    """The path as seen from the working folder if it lies below, else as it is."""
    try:
        below = os.path.join(os.getcwd(), "")
    except OSError:  # the working folder is gone
        return path
    return path.removeprefix(below)
