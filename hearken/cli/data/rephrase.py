"""`hearken data rephrase`: more captions, by a language model or without one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.data import rephrase_asking as asking
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JsonOption
from hearken.errors import InputError, MissingDataError, show

if TYPE_CHECKING:
    from hearken.data.clip import Corpus
    from hearken.data.rephrase.write import Variant
    from hearken.text.wordnet import WordNet


def rephrase(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The corpus: NAME, NAME-SPLIT, a table, a folder or hf:NAME.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to: .json has the variations of captions, .jsonl is a table of clips.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where the corpus is. Default: below $HEARKEN_DATA.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="URL", help="The server, such as http://localhost:8080/v1. Default: $HEARKEN_LLM_URL."),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="The server's model. Default: $HEARKEN_LLM_MODEL.")] = None,
    prompt: Annotated[
        str, typer.Option("--prompt", metavar="NAME", help="keywords, rephrase, metadata, or a file with a template of your own.")
    ] = "keywords",
    num: Annotated[
        int | None, typer.Option("--num", min=1, max=50, metavar="N", help="Texts for each item. Default: 5; metadata 1.")
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", metavar="NAME", help="How strictly answers are judged: paper, strict or lenient.")
    ] = "paper",
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", min=0.0, max=2.0, metavar="T", help="How freely the model draws. Default: the server's."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, metavar="N", help="The model's seed, where the server has one; of --offline, 0 by default."),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Longest answer, in tokens. Default: the server's.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, metavar="S", help="Longest wait for one answer, in seconds.")] = 60.0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=256, metavar="N", help="Questions under way at once.")] = 4,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N captions or clips.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a run would ask and cost, show one question, ask nothing.")] = False,
    price_in: Annotated[
        float | None, typer.Option("--price-in", min=0.0, metavar="P", help="Price of a million tokens asked, for the estimate.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", min=0.0, metavar="P", help="Price of a million tokens answered, for the estimate.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option("--tokenizer", metavar="FILE", help="A tokenizer.json to count tokens with. Default: 4 characters each.")
    ] = None,
    cache: Annotated[Path | None, typer.Option("--cache", metavar="FILE", help="Where answers are kept. Default: beside --out.")] = None,
    retry_rejected: Annotated[bool, typer.Option("--retry-rejected", help="Ask again where the answer was rejected.")] = False,
    max_failures: Annotated[
        int, typer.Option("--max-failures", min=1, metavar="N", help="Stop after N questions in a row without a usable answer.")
    ] = 20,
    insecure_http: Annotated[bool, typer.Option("--insecure-http", help="Allow plain http to another machine.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a run that sends questions.")] = False,
    offline: Annotated[str | None, typer.Option("--offline", metavar="METHOD", help="Without a model: eda or templates.")] = None,
    wordnet: Annotated[
        Path | None,
        typer.Option("--wordnet", metavar="PATH", help="The WordNet for --offline. Default: $HEARKEN_WORDNET or the usual places."),
    ] = None,
    alpha: Annotated[float, typer.Option("--alpha", metavar="A", help="The share of words that eda changes.")] = 0.1,
    operations: Annotated[
        str, typer.Option("--operations", metavar="LIST", help="What eda does: of replace, insert, swap and delete, with commas.")
    ] = "replace,insert,swap,delete",
    any_word: Annotated[bool, typer.Option("--any-word", help="Let eda use synonyms that the corpus itself does not use.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Make more captions of a corpus: paraphrases or captions from metadata by a language model, or offline.

    The model's key is read from $HEARKEN_LLM_KEY only. Every answer is kept: a run that was cut off goes on with the same
    command. The corpus' licence holds for what is made of it.
    """
    from hearken.data.load import load

    _check_out(out, reference)
    if offline is not None:
        without = Offline(offline, num or 5, seed or 0, limit, wordnet, alpha, operations, any_word, overwrite)
        report = _offline(load(reference, folder=folder), out, without, quiet=json)
    else:
        wishes = asking.Wishes(
            endpoint, model, prompt, num, policy, temperature, seed, max_tokens, timeout, jobs, limit, dry_run, price_in, price_out,
            tokenizer, cache, retry_rejected, max_failures, insecure_http, yes, overwrite, json,
        )  # fmt: skip
        report = asking.ask(load(reference, folder=folder), out, wishes)
    _tell(report, json=json)
    if report.get("rejected"):
        raise typer.Exit(EXIT_SOME_FAILED)


def _check_out(out: Path, reference: str) -> None:
    if out.suffix not in asking.FORMATS:
        raise InputError(
            f"{show(out)} ends neither with .json nor with .jsonl.", ".json has variations of captions, .jsonl is a table of clips."
        )
    with contextlib.suppress(OSError):
        if Path(reference).exists() and out.exists() and out.samefile(reference):
            raise InputError(f"{show(out)} is what is to be rephrased.", "Give another --out.")


@dataclass(frozen=True)
class Offline:
    """What the options say about a run without a model."""

    method: str
    num: int
    seed: int
    limit: int | None
    wordnet: Path | None
    alpha: float
    operations: str
    any_word: bool
    overwrite: bool


def _offline(corpus: Corpus, out: Path, wishes: Offline, *, quiet: bool) -> dict[str, Any]:
    from hearken.augment.eda import Eda, operations_of
    from hearken.data.rephrase import offline
    from hearken.data.rephrase.items import items_of
    from hearken.text.wordnet import load_wordnet

    if wishes.method not in offline.METHODS:
        raise InputError(f"There is no offline method {show(wishes.method)!r}.", f"Methods: {', '.join(offline.METHODS)}.")
    if out.exists() and not wishes.overwrite:
        raise InputError(f"{show(out)} is there already.", "Give another --out, or --overwrite.")
    items = list(items_of(corpus, per_caption=wishes.method == "eda", limit=wishes.limit))
    if wishes.method == "eda":
        words = None if wishes.any_word else offline.vocabulary_of(corpus)
        how = Eda(load_wordnet(wishes.wordnet), wishes.alpha, operations_of(wishes.operations), words)
        variants = offline.by_eda(items, wishes.num, how, wishes.seed)
    else:
        variants = offline.by_templates(items, wishes.num, wishes.seed, _wordnet_if_any(wishes.wordnet))
    with CountBar(wishes.method, "captions", quiet=quiet) as bar:
        some, none = offline.split_empty(_counted(variants, len(items), bar))
    asking.write(out, corpus, some)
    num_texts = sum(len(variant.texts) for variant in some)
    return {"method": wishes.method, "items": len(items), "without": len(none), "texts": num_texts, "out": show(out)}


def _wordnet_if_any(path: Path | None) -> WordNet | None:
    """Templates do without a WordNet, unless one is named: then it must be there."""
    from hearken.text.wordnet import load_wordnet

    try:
        return load_wordnet(path)
    except MissingDataError as error:
        if path:
            raise
        output.note(f"{error.message} Labels are taken as they are. {error.hint}")
        return None


def _counted(variants: Iterator[Variant], total: int, bar: CountBar) -> Iterator[Variant]:
    for done, variant in enumerate(variants, start=1):
        yield variant
        bar(done, total)


def _tell(report: dict[str, Any], *, json: bool) -> None:
    if json:
        output.print_json(report)
        return
    rows = [(name.replace("_", " "), _lines(value)) for name, value in report.items() if value not in (None, {}, "")]
    output.console().print(output.facts_table(rows))
    sys.stdout.flush()


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {_text(each)}" for name, each in value.items()]
    return [_text(value)]


def _text(value: object) -> str:
    return output.number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
