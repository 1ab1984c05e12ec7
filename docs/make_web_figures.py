"""Draw the pictures of the page: docs/figures/web/*.png, and walkthrough.gif, in which a new user finds a sound.

    python docs/make_web_figures.py [--map LIBRARY]

Needs an installed Hearken with the extra `serve`, Playwright, Pillow and a Chromium of the system. The library is made for the
occasion, of the demo's synthetic sounds and of scenes mixed from them; `--map` names one with more sounds for the map.
"""

from __future__ import annotations

import argparse
import io
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from hearken.audio.sounds import SOUNDS, synthesise
from hearken.audio.synth import Sound, num_samples, save_wav
from hearken.search.library import Library
from hearken.server.app import create_app
from hearken.server.settings import Settings

FIGURES = Path(__file__).resolve().parent / "figures" / "web"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
SIZES = {"phone": (390, 844), "tablet": (820, 1100), "desktop": (1440, 900)}
WAIT_MS = 120_000
FOLDERS = {
    "Weather": ("rain", "thunder", "wind", "sea_waves"),
    "Animals": ("birdsong", "dog_bark", "crickets"),
    "City": ("siren", "church_bell", "engine_idling", "car_horn", "helicopter", "footsteps", "applause"),
    "Music": ("piano", "drum_beat", "wind_chime", "whistle"),
}
SCENES: dict[str, tuple[tuple[str, float, float], ...]] = {  # name: (sound, seconds at which it begins, gain)
    "harbour morning": (("sea_waves", 0, 0.5), ("sea_waves", 8, 0.5), ("birdsong", 3, 0.5), ("church_bell", 14, 0.9)),
    "night street": (("crickets", 0, 0.3), ("crickets", 9, 0.3), ("footsteps", 4, 0.9), ("dog_bark", 11, 0.9), ("siren", 18, 0.6)),
    "kitchen clock and kettle": (("ticking_clock", 0, 0.5), ("ticking_clock", 9, 0.5), ("steam", 6, 0.4), ("glass_clink", 14, 0.9)),
    "storm indoors": (("rain", 0, 0.4), ("rain", 6, 0.4), ("rain", 12, 0.4), ("thunder", 5, 0.9), ("dog_bark", 16, 0.5)),
    "office": (("typing", 0, 0.7), ("typing", 7, 0.7), ("telephone", 9, 0.6), ("footsteps", 14, 0.5)),
    "village square": (("birdsong", 0, 0.5), ("church_bell", 6, 0.9), ("church_bell", 12, 0.9), ("car_horn", 17, 0.5)),
    "airfield": (("wind", 0, 0.4), ("wind", 9, 0.4), ("helicopter", 5, 0.8), ("engine_idling", 15, 0.6)),
}


def mixed(parts: tuple[tuple[str, float, float], ...]) -> Sound:
    """Return a scene (T,): every sound at its time with its gain."""
    sounds = [(synthesise(name), num_samples(start_s), gain) for name, start_s, gain in parts]
    scene = np.zeros(max(start + len(sound) for sound, start, _ in sounds))
    for sound, start, gain in sounds:
        scene[start : start + len(sound)] += gain * sound
    return scene / max(1.0, float(np.abs(scene).max()))


def make_library(folder: Path) -> Path:
    """Write the sounds, index them with machine-made captions, and return the library's folder."""
    sounds = folder / "Sounds"
    in_folders = {name: group for group, names in FOLDERS.items() for name in names}
    for name in SOUNDS:
        path = sounds / in_folders.get(name, "Home") / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_wav(path, synthesise(name))
    (sounds / "Scenes").mkdir()
    for name, parts in SCENES.items():
        save_wav(sounds / "Scenes" / f"{name}.wav", mixed(parts))
    with Library(folder / "sounds.hearken") as library:
        library.index([sounds], captions=True)
    return folder / "sounds.hearken"


@contextmanager
def served(library: Path) -> Iterator[str]:
    """A server over a library; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(create_app(Settings((library,), port=port)), log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(20)


@contextmanager
def opened_page(browser: Browser, width: int, height: int, theme: Literal["dark", "light"]) -> Iterator[Page]:
    """A page that remembers nothing."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def save(page: Page, name: str) -> None:
    """Keep what the page shows as a small PNG: 128 colours are enough for an interface."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = FIGURES / f"{name}.png"
    picture.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def drawn(page: Page) -> None:
    """Wait until what is in sight is drawn."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('.waveform')]
            .filter(each => each.getBoundingClientRect().top < innerHeight && each.getBoundingClientRect().bottom > 0)
            .every(each => each.querySelector('.loaded'))"""
    )


def show_results(page: Page, address: str, words: str) -> None:
    """Search, and wait for the waveforms."""
    page.goto(f"{address}/?q={words.replace(' ', '+')}")
    page.wait_for_selector("article")
    drawn(page)


def hold_playing(page: Page, share: float) -> None:
    """Play the first hit, slowed down so much that it stands still at `share` of its span."""
    page.click("article .play")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    page.evaluate(
        "share => { const audio = document.querySelector('audio'); audio.playbackRate = 0.0625; audio.currentTime = share * audio.duration }",
        share,
    )
    page.wait_for_timeout(400)


def make_pictures(browser: Browser, address: str) -> None:
    """The first page and results at three widths in both themes, details, spectrograms."""
    for size, (width, height) in SIZES.items():
        for theme in ("dark", "light"):
            with opened_page(browser, width, height, theme) as page:
                page.goto(address)
                page.wait_for_selector(".examples button")
                save(page, f"home_{size}_{theme}")
                show_results(page, address, "a dog barks")
                hold_playing(page, 0.4)
                save(page, f"results_{size}_{theme}")
    for theme in ("dark", "light"):
        with opened_page(browser, 1440, 900, theme) as page:
            show_results(page, address, "a church bell rings")
            page.click("article >> nth=1 >> .name")
            page.wait_for_selector("aside img")
            page.wait_for_function("() => document.querySelector('[data-testid=scope] > div')?.shadowRoot?.querySelector('[part^=region]')")
            page.evaluate("() => { document.querySelector('aside .path').textContent = '/home/you/Sounds/City/church_bell.wav' }")
            save(page, f"details_{theme}")
    with opened_page(browser, 1120, 560, "dark") as page:
        show_results(page, address, "thunder in the distance")
        page.click("[aria-label=Spectrograms]")
        drawn(page)
        save(page, "spectrograms_dark")


def make_map(browser: Browser, address: str) -> None:
    """The map in both themes, once with the results of a search lit."""
    for theme, query in (("dark", ""), ("light", "&q=a+dog+barks")):
        with opened_page(browser, 1440, 900, theme) as page:
            page.goto(f"{address}/?view=map{query}")
            page.wait_for_selector(".map [role=application]")
            page.wait_for_timeout(3000)
            save(page, f"map_{theme}")


POINTER = """() => {
    const pointer = document.createElement('div');
    pointer.id = 'pointer';
    pointer.style.cssText = 'position:fixed;z-index:999;left:0;top:0;width:22px;height:22px;pointer-events:none';
    pointer.innerHTML = '<svg width="22" height="22" viewBox="0 0 22 22"><path d="M3 2l15 9-7 1.500-3.500 6.500z" fill="#fff" stroke="#111" stroke-width="1.500"/></svg>';
    document.body.append(pointer);
    addEventListener('mousemove', event => { pointer.style.translate = (event.clientX - 3) + 'px ' + (event.clientY - 2) + 'px'; }, true);
}"""


class Film:
    """Frames of a page with how long each is shown, in milliseconds."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.lengths_ms: list[int] = []
        self.x, self.y = 460.0, 470.0

    def shoot(self, length_ms: int = 100) -> None:
        """Take a frame."""
        frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        if self.frames and frame.tobytes() == self.frames[-1].tobytes():
            self.lengths_ms[-1] += length_ms
            return
        self.frames.append(frame)
        self.lengths_ms.append(length_ms)

    def point(self, selector: str, steps: int = 6, *, at: float = 0.5) -> None:
        """Move the pointer to an element, at a share of its width."""
        box = self.page.locator(selector).first.bounding_box()
        if box is None:
            raise SystemExit(f"{selector} is not to be seen")
        x, y = box["x"] + at * box["width"], box["y"] + box["height"] / 2
        for step in range(1, steps + 1):
            ease = 0.5 - 0.5 * np.cos(np.pi * step / steps)
            self.page.mouse.move(self.x + ease * (x - self.x), self.y + ease * (y - self.y))
            self.shoot(60)
        self.x, self.y = x, y

    def play(self, seconds: float, *, every_s: float = 0.15) -> None:
        """Show the first `seconds` of what plays, at its own pace, however slow this machine is."""
        self.page.evaluate("document.querySelector('audio').playbackRate = 0.0625")
        for time_s in np.arange(0, seconds, every_s):
            self.page.evaluate("time_s => { document.querySelector('audio').currentTime = time_s }", float(time_s))
            self.page.wait_for_timeout(60)
            self.shoot(round(1000 * every_s))

    def save(self, path: Path) -> None:
        """Write the film with one palette for all frames, so that only what changes is stored."""
        palette = self.frames[len(self.frames) // 2].quantize(64, dither=Image.Dither.NONE)
        small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        small[0].save(path, save_all=True, append_images=small[1:], duration=self.lengths_ms, loop=0, optimize=True, disposal=1)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB, {sum(self.lengths_ms) / 1000:.1f} s")


def make_film(browser: Browser, address: str) -> None:
    """A new user looks for a sound, hears it, and looks at it."""
    with opened_page(browser, 920, 600, "dark") as page:
        page.goto(address)
        page.wait_for_selector(".examples button")
        page.wait_for_load_state("networkidle")
        page.evaluate(POINTER)
        film = Film(page)
        page.mouse.move(film.x, film.y)
        film.shoot(700)
        for char in "a dog barks":
            page.keyboard.type(char)
            film.shoot(70)
        page.wait_for_selector("article")
        drawn(page)
        film.shoot(500)
        film.point("article .play")
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
        film.play(2.6)
        film.point("article >> nth=1 >> .waveform", at=0.62)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("() => document.querySelector('.player .name').textContent.includes('night street')")
        page.wait_for_function("() => !document.querySelector('audio').paused")
        film.play(1.6)
        film.shoot(900)
        film.save(FIGURES / "walkthrough.gif")


def time_a_new_user(browser: Browser, address: str) -> None:
    """Print how long the page itself needs from the first byte until a sound is heard, with two clicks."""
    with opened_page(browser, 1440, 900, "dark") as page:
        begin = time.perf_counter()
        page.goto(address)
        page.click(".examples button")
        page.click("article .play")
        page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
        print(f"from the address to the first sound: {time.perf_counter() - begin:.1f} s, two clicks")


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", type=Path, help="library for the map; the synthetic sounds' by default")
    parser.add_argument("--only", choices=["pictures", "map", "film"], help="make a part of them")
    given = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    FIGURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        if given.only != "map" or not given.map:
            with served(make_library(Path(folder))) as address:
                if given.only in {None, "pictures"}:
                    make_pictures(browser, address)
                    time_a_new_user(browser, address)
                if given.only in {None, "film"}:
                    make_film(browser, address)
                if not given.map and given.only in {None, "map"}:
                    make_map(browser, address)
        if given.map and given.only in {None, "map"}:
            with served(given.map) as address:
                make_map(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
