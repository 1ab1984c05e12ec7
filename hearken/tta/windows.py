"""Window ensembles: one sound cut in several ways, and the vectors of all ways taken together.

A model that was trained on segments of 10 s may hear short events better in segments of 5 s, and long ones better in 10; Primus et al.
(2023), section 3.4, compare such lengths one at a time. Here several views of a clip, each with windows of one length, are encoded, and
the clip's vector is the mean of the views' unit vectors. It is not brought to unit length: its product with a query is the mean of the
views' cosines (`multi.py` says why that matters). Or the strongest single window of all views decides, which no one vector of a clip
can say: `encode_windows` gives them all, and `strongest` the scores.

In text, a list of views: ``5`` (segments of 5 s by the model's own rule), ``5/2.5`` (windows of 5 s every 2.5 s, the
last one at the end of the sound), ``5/2.5@1`` (the same from the first second on), ``10:d25`` (10 s by a rule of `audio/segments.py`), and
``own``, what the model does anyway. A sound shorter than a window is filled up as the model fills it up.

Legend: `T` samples, `V` views, `W` windows of all views, `S` samples of a window, `N` clips, `Q` queries, `D` shared space.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hearken.audio.segments import Plan, SegmentRule
from hearken.errors import InputError
from hearken.models.dual import DualEncoder
from hearken.tta.multi import default_batch
from hearken.types import FloatArray

How = Literal["mean", "max"]
RULES = ("dcase2023", "d25", "d25_windows", "hear21passt")
_VIEW = re.compile(r"(?P<length>\d+(?:\.\d+)?)(?:/(?P<hop>\d+(?:\.\d+)?)|:(?P<rule>\w+))?(?:@(?P<offset>\d+(?:\.\d+)?))?")
_EXAMPLES = "Such as own,5,10/5,2.5/2.5@1 or 10:d25."
_MOST_S = 600.0
_MOST_OVERLAP = 100
"""No more windows than this hold one moment: all of a sound's are in memory together."""


@dataclass(frozen=True)
class View:
    """Windows of `segment_s` (None: the model's own way): every `hop_s` and at the end, or by a `rule` of RULES.

    Without a rule it is the model's, or end to end where it has none of these.

    The first `offset_s` of a sound are left out where more than that is there. Raises InputError for lengths that are not positive,
    windows of more than 600 s or more than 100 over one moment, another rule, and hop and rule together.
    """

    segment_s: float | None = None
    hop_s: float | None = None
    rule: str = ""
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        if min(1.0 if each is None else each for each in (self.segment_s, self.hop_s)) <= 0 or self.offset_s < 0:
            raise InputError(f"Windows and the hop between them are longer than nothing, not {self}.", _EXAMPLES)
        if (self.segment_s or 0.0) > _MOST_S:
            raise InputError(f"Windows are at most {_MOST_S:g} s long, not {self.segment_s:g}.", _EXAMPLES)
        if self.segment_s is not None and self.hop_s is not None and self.hop_s * _MOST_OVERLAP < self.segment_s:
            raise InputError(
                f"Windows of {self.segment_s:g} s every {self.hop_s:g} s are too many.", f"At most {_MOST_OVERLAP} may overlap."
            )
        if self.rule and self.rule not in RULES:
            raise InputError(f"There is no rule {self.rule!r} for windows.", f"One of {', '.join(RULES)}.")
        if (self.rule and self.hop_s is not None) or (self.segment_s is None and (self.rule or self.hop_s is not None or self.offset_s)):
            raise InputError("A view has a length, and a hop or a rule at most.", _EXAMPLES)

    def __str__(self) -> str:
        """Return the text that `views` reads."""
        if self.segment_s is None:
            return "own"
        way = f":{self.rule}" if self.rule else "" if self.hop_s is None else f"/{self.hop_s:g}"
        return f"{self.segment_s:g}{way}" + (f"@{self.offset_s:g}" if self.offset_s else "")


def views(text: str) -> tuple[View, ...]:
    """Return the views of a list such as "own,5/2.5". Raises InputError for anything else, and for one that comes twice."""
    found = tuple(_view(part.strip()) for part in text.split(","))
    if len(set(found)) != len(found):
        raise InputError(f"A view comes twice in {text!r}.", "Name each once.")
    return found


class WindowEnsemble:
    """The sounds that `dual` hears, each in several views: `windows` is a list of `View`, of (segment_s, hop_s or rule), or its text.

    `how` the windows decide: the "mean" of the views, or the strongest window ("max"; `encode_windows` and `strongest` are for it).
    At most `max_batch` windows go through the encoder at a time (None: as `MultiTTA`). The model is put into evaluation mode.
    Raises InputError for views that make no sense, and windows longer than the encoder takes or too short for it.
    """

    def __init__(
        self, dual: DualEncoder, windows: str | Sequence[View | tuple[float, float | str | None]], *, how: How = "mean",
        max_batch: int | None = None,
    ) -> None:  # fmt: skip
        self.views = views(windows) if isinstance(windows, str) else tuple(map(_as_view, windows))
        if not self.views or how not in get_args(How):
            raise InputError(f"A window ensemble has at least one view, and mean or max, not {len(self.views)} and {how!r}.", _EXAMPLES)
        self.dual, self.how, self.max_batch = dual.eval(), how, max_batch or default_batch(dual)
        self._rules = tuple(self._rule(view) for view in self.views)
        self._cost = {"clips": 0, "windows": 0, "seconds": 0.0}

    @property
    def cost(self) -> dict[str, float]:
        """What has been done since the start: `clips`, their `windows` (a view by the model's own way counts as one), `seconds` in all and
        `seconds_per_clip`."""
        return {**self._cost, "seconds_per_clip": self._cost["seconds"] / max(1, self._cost["clips"])}

    def to_json(self) -> dict[str, Any]:
        """Return what belongs into a record of figures."""
        return {"windows": [str(view) for view in self.views], "how": self.how}

    def encode(self, samples: FloatArray, clip: str = "") -> FloatArray:  # noqa: ARG002 - as `MultiTTA.encode`; nothing is drawn here
        """Return the vector (D,) float32 of one sound, `samples` (T,) float32 at `dual.rate_hz`: the mean of its views' unit vectors.

        Raises InputError where the strongest window decides, AudioEmptyError for no samples.
        """
        if self.how != "mean":
            raise InputError("The strongest window is no one vector of a clip.", "Use encode_windows, and strongest for the scores.")
        return np.asarray(self._encode(samples, is_each=False).mean(0), np.float32)

    def encode_windows(self, samples: FloatArray) -> FloatArray:
        """Return the unit vectors (W, D) float32 of all windows of all views of one sound (T,). Raises AudioEmptyError for no samples."""
        return self._encode(samples, is_each=True)

    @torch.no_grad()
    def _encode(self, samples: FloatArray, *, is_each: bool) -> FloatArray:
        began = time.monotonic()
        self.dual.eval()
        rows = [self._look(samples, view, rule, is_each) for view, rule in zip(self.views, self._rules, strict=True)]
        vectors: FloatArray = torch.cat(rows).float().cpu().numpy()
        self._cost["clips"] += 1
        self._cost["seconds"] += time.monotonic() - began
        return vectors

    def _look(self, samples: FloatArray, view: View, rule: SegmentRule | None, is_each: bool) -> Tensor:
        """The unit vectors of one view: of each window, or of their mean (1, D)."""
        device = next(self.dual.parameters()).device
        if rule is None:
            self._cost["windows"] += 1
            return self.dual.encode_audio(torch.from_numpy(np.array(samples, np.float32))[None].to(device))
        offset = round(view.offset_s * self.dual.rate_hz)
        heard = samples[offset:] if len(samples) > offset else samples
        cut = _plan(rule, view, len(heard)).cut(heard)
        self._cost["windows"] += len(cut)
        embedded = self._embed(torch.from_numpy(np.array(cut, np.float32)).to(device))
        return functional.normalize(self.dual.audio_projection(embedded if is_each else embedded.mean(0, keepdim=True)), dim=-1)

    def _embed(self, windows: Tensor) -> Tensor:
        tower = self.dual.audio
        dtype = next((parameter.dtype for parameter in tower.encoder.parameters()), torch.float32)
        rows = []
        for part in torch.split(windows, self.max_batch):
            mel = tower.front_end(part).to(dtype)
            rows.append(tower.encoder(mel, part.to(dtype)) if tower.encoder.needs_wave else tower.encoder(mel))
        return torch.cat(rows)

    def _rule(self, view: View) -> SegmentRule | None:
        """How `view` cuts; None for the model's own way."""
        if view.segment_s is None:
            return None
        tower = self.dual.audio
        own = tower.segments.rule if tower.segments.rule in RULES else "dcase2023"
        name = "dcase2023" if view.hop_s is not None else view.rule or own
        rule = SegmentRule(name, rate_hz=self.dual.rate_hz, segment_s=view.segment_s, hop_s=view.hop_s, padding=tower.segments.padding)
        num_frames = tower.encoder.front_end.num_frames(rule.window_num_samples)
        most = tower.encoder.max_num_frames
        if num_frames < tower.encoder.min_num_frames or (most is not None and num_frames > most):
            limits = f"from {tower.encoder.min_num_frames}" + ("" if most is None else f" to {most}")
            raise InputError(f"Windows of {view.segment_s:g} s have {num_frames} spectrogram frames; this encoder takes {limits}.")
        return rule


def strongest(queries: FloatArray, windows: Sequence[FloatArray]) -> NDArray[np.float32]:
    """Return scores (Q, N): the highest cosine that each of `queries` (Q, D) has with a window of each clip, `windows` (W, D) by clip.

    Raises InputError for a clip without windows.
    """
    if not all(map(len, windows)):
        raise InputError("A clip has no windows.")
    scores = np.zeros((len(queries), len(windows)), np.float32)
    for column, of_clip in enumerate(windows):
        scores[:, column] = (queries.astype(np.float64) @ of_clip.T.astype(np.float64)).max(1)
    return scores


def _plan(rule: SegmentRule, view: View, num_samples: int) -> Plan:
    """Where the windows of a sound lie; with a hop, the last one ends with the sound, so that all of it is heard."""
    size, hop = rule.window_num_samples, rule.hop_num_samples
    if view.hop_s is None or num_samples <= size:
        return rule.plan(num_samples)
    starts = dict.fromkeys((*range(0, num_samples - size, hop), num_samples - size))
    return Plan(num_samples, 0, 0, "zeros", tuple(starts), size)


def _view(text: str) -> View:
    if text == "own":
        return View()
    found = _VIEW.fullmatch(text)
    if found is None:
        raise InputError(f"{text!r} is no view of a sound.", _EXAMPLES)
    hop, rule = found["hop"], found["rule"] or ""
    return View(float(found["length"]), None if hop is None else float(hop), rule, float(found["offset"] or 0.0))


def _as_view(given: View | tuple[float, float | str | None]) -> View:
    if isinstance(given, View):
        return given
    length, way = given
    return View(length, rule=way) if isinstance(way, str) else View(length, way)
