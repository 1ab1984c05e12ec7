"""Which captioners there are, and which dual encoder each belongs to.

As models do, captioners come from three places: the package (`pocket-captions`), the models home (installed), and any folder that
is given by its path. A name is looked for in this order.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from hearken.caption.captioner import OnnxCaptioner, VectorCaptioner
from hearken.caption.folder import KIND, CaptionerFolder, read_folder
from hearken.caption.patterns import PatternCaptioner
from hearken.errors import FormatVersionError, ModelError, ModelNotFoundError, show
from hearken.runtime.catalog import find_model, is_name, list_models, model_info, models_home

BUILT_IN = "pocket-captions"
_ASSETS = Path(__file__).parents[1] / "assets" / "captioner"


def list_captioners() -> list[CaptionerFolder]:
    """Return the captioner that comes with Hearken, then those installed, by name; one that cannot be read is left out."""
    home = models_home()
    folders = [_ASSETS, *sorted(path.parent for path in {*home.glob("*/config.json"), *home.glob("*/*/config.json")})]
    return list(_readable(folder for folder in folders if is_captioner(folder) and not folder.name.startswith(".")))


def find_captioner(name_or_path: str | Path = BUILT_IN) -> Path:
    """Return the folder of a captioner given by name or path. Raises ModelNotFoundError, listing the names there are.

    Of a model for searching it names the captioners that belong to it.
    """
    name = str(name_or_path)
    places = [Path(os.path.expanduser(name_or_path))]
    if is_name(name):
        places = [*([_ASSETS] if name == BUILT_IN else []), models_home() / name, *places]
    for folder in places:
        if is_captioner(folder):
            return folder
    names = ", ".join(each.name for each in list_captioners()) or "none"
    searching = next((info for info in list_models() if name in (info.name, str(info.path))), None)
    if searching is not None:
        own = ", ".join(each.name for each in list_captioners() if each.model_digest == searching.digest)
        message = f"The model {show(name)!r} is one for searching: it writes no captions."
        raise ModelNotFoundError(message, f"Its captioner is {own}." if own else f"Captioners here: {names}.")
    other = next((folder for folder in places if (folder / "config.json").is_file()), None)
    if other is not None:
        raise ModelNotFoundError(f"The model {show(name)!r} writes no captions.", f"Captioners here: {names}.")
    raise ModelNotFoundError(
        f"There is no captioner {show(name)!r}.", f"Captioners here: {names}. A path must be a folder with config.json."
    )


def is_captioner(folder: Path) -> bool:
    """Say whether `folder` is that of a captioner which can be run: it names itself one, and lists its files.

    A configuration that cannot be read at all counts for the built-in one, which is there or damaged; elsewhere it says nothing.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError:
        return False
    except (ValueError, RecursionError):
        return folder == _ASSETS
    return isinstance(config, dict) and config.get("kind") == KIND and "files" in config


def open_captioner(name_or_path: str | Path = BUILT_IN) -> VectorCaptioner:
    """Return a captioner given by name or path. Raises ModelNotFoundError, ModelError, DigestError, FormatVersionError."""
    folder = read_folder(find_captioner(name_or_path))
    return PatternCaptioner(folder) if folder.design == "patterns" else OnnxCaptioner(folder)


def captioner_for(model_digest: str) -> VectorCaptioner:
    """Return a captioner that reads the vectors of the model with this digest: the first of `list_captioners`.

    Raises ModelNotFoundError where there is none.
    """
    for each in list_captioners():
        if each.model_digest == model_digest:
            return open_captioner(each.path)
    belongs = ", ".join(f"{each.name} (for {_name_of(each.model_digest)})" for each in list_captioners()) or "none"
    raise ModelNotFoundError(f"No captioner belongs to the model {_name_of(model_digest)}.", f"Captioners here: {belongs}.")


def model_of(captioner: VectorCaptioner, model: str | Path | None = None) -> Path:
    """Return the folder of the dual encoder whose vectors `captioner` reads: `model`, given by name or folder, or else one that is here.

    Raises ModelNotFoundError where it is not here, ModelError where `model` is another one.
    """
    if model is not None:
        folder = find_model(model)
        if model_info(folder).digest != captioner.model_digest:
            message = f"The captioner {show(captioner.name)} does not belong to the model {show(str(model))!r}."
            raise ModelError(message, f"It reads the vectors of {_name_of(captioner.model_digest)}.")
        return folder
    for info in list_models():
        if info.digest == captioner.model_digest:
            return Path(info.path)
    message = f"The model that the captioner {show(captioner.name)} listens with is not here ({_name_of(captioner.model_digest)})."
    raise ModelNotFoundError(message, "Install it: `hearken models` lists what there is.")


def _name_of(digest: str) -> str:
    """A model's name where it is here, else the beginning of its digest."""
    return next((info.name for info in list_models() if info.digest == digest), f"digest {digest[:12]}")


def _readable(folders: Iterator[Path]) -> Iterator[CaptionerFolder]:
    for folder in folders:
        with contextlib.suppress(ModelError, FormatVersionError):  # one that cannot be used must not hide the others; opening it tells why
            yield read_folder(folder)
