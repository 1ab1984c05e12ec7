"""Queries for moments in recordings, and the spans found for them, as files: JSON lines as DCASE 2026's moment retrieval has them.

A line of truth has `qid`, `query`, `vid` (the recording), `duration` in seconds and `relevant_windows`, [[start, end], ...], which the
evaluation set lacks; a line of answers has `qid`, `query`, `vid` and `pred_relevant_windows`, [[start, end, score], ...], best first. Both
are formats of QVHighlights (Lei et al. 2021) that line/lighthouse reads and writes for CASTELLA and Clotho-Moment; other keys are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hearken.errors import DataError, InputError, show
from hearken.files import write_whole
from hearken.metrics.spans import checked
from hearken.types import Span


@dataclass(frozen=True)
class MomentQuery:
    """What is sought in which `recording`, and where it is: `spans`, none where nobody tells."""

    id: str
    text: str
    recording: str
    duration_s: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class FoundSpan:
    """An answer: when, and its score, the higher the surer."""

    span: Span
    score: float


def read_moments(path: Path) -> list[MomentQuery]:
    """Return the queries of a file of truth, in its order. Raises DataError for a line that is none, or an id that comes twice."""
    queries = [_query(row, path, number) for number, row in _rows(path, ("qid", "query", "vid", "duration"))]
    if len({query.id for query in queries}) < len(queries):
        raise DataError(f"{show(path)} has a qid twice.", "Every query needs an id of its own.")
    return queries


def read_answers(path: Path) -> dict[str, tuple[FoundSpan, ...]]:
    """Return the spans found, best first, by the id of the query. Raises DataError for a line that is no answer."""
    return {str(row["qid"]): _answer(row, path, number) for number, row in _rows(path, ("qid", "pred_relevant_windows"))}


def moments_jsonl(queries: Iterable[MomentQuery]) -> str:
    """Return queries as the text of a file of truth."""
    return "".join(json.dumps(_truth(query)) + "\n" for query in queries)


def answers_jsonl(queries: Iterable[MomentQuery], found: Iterable[tuple[FoundSpan, ...]]) -> str:
    """Return what was `found` for each of `queries` as the text of a file of answers; times have four decimals, as the public code writes them."""
    rows = zip(queries, found, strict=True)
    return "".join(
        json.dumps(_common(query) | {"pred_relevant_windows": [_triple(each) for each in spans]}) + "\n" for query, spans in rows
    )


def write_answers(path: Path, queries: Iterable[MomentQuery], found: Iterable[tuple[FoundSpan, ...]]) -> None:
    """Write a file of answers, whole or not at all. Raises OSError."""
    write_whole(path, answers_jsonl(queries, found).encode())


def _common(query: MomentQuery) -> dict[str, Any]:
    return {"qid": query.id, "query": query.text, "vid": query.recording}


def _truth(query: MomentQuery) -> dict[str, Any]:
    row = _common(query) | {"duration": query.duration_s}
    return row | ({"relevant_windows": [[span.start_s, span.end_s] for span in query.spans]} if query.spans else {})


def _triple(found: FoundSpan) -> list[float]:
    return [round(value, 4) for value in (found.span.start_s, found.span.end_s, found.score)]


def _rows(path: Path, keys: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number, from 1 on, and object of the lines that are not empty."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{show(path)} cannot be read as text.", "It is a file of JSON lines.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise _wrong(path, number, "no JSON") from error
            if not isinstance(row, dict) or any(key not in row for key in keys):
                raise _wrong(path, number, f"no object with {', '.join(keys)}")
            yield number, row


def _query(row: dict[str, Any], path: Path, number: int) -> MomentQuery:
    try:
        spans = [(float(start), float(end)) for start, end in row.get("relevant_windows", [])]
        checked(spans)
        return MomentQuery(
            str(row["qid"]), str(row["query"]), str(row["vid"]), float(row["duration"]), tuple(Span(*each) for each in spans)
        )
    except (TypeError, ValueError, InputError) as error:
        raise _wrong(path, number, "no query with its spans") from error


def _answer(row: dict[str, Any], path: Path, number: int) -> tuple[FoundSpan, ...]:
    try:
        found = [(float(start), float(end), float(score)) for start, end, score in row["pred_relevant_windows"]]
        checked([each[:2] for each in found])
    except (TypeError, ValueError, InputError) as error:
        raise _wrong(path, number, "no spans with their scores") from error
    return tuple(FoundSpan(Span(start, end), score) for start, end, score in sorted(found, key=lambda each: -each[2]))


def _wrong(path: Path, number: int, what: str) -> DataError:
    return DataError(f"{show(path)}, line {number}: {what}.", "docs/benchmarks.md tells the format.")
