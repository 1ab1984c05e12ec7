"""Hearing: exactly the span, loops, whole sounds, keys, volume, pictures."""

from __future__ import annotations

import pytest

from tests.web.driving import LATE_BARK_S, duration_of

PLAYING = "() => document.querySelector('audio').paused === false && document.querySelector('audio').currentTime > 0.2"
DOG = "/?q=a+dog+barks&folder=Sounds/long"


def place(page) -> float:
    return float(page.get_attribute(".player", "data-time"))


def audio(page, what: str):
    return page.evaluate(f"document.querySelector('audio').{what}")


def open_results(visit, address: str, name: str):
    page = visit(address)
    page.wait_for_function("name => document.querySelector('article .stem')?.textContent === name", arg=name)
    return page


def span(page) -> tuple[float, float]:
    start, end = page.inner_text("article >> nth=0 >> .fit .place").split(" – ")
    return tuple(60.0 * int(text.split(":")[0]) + float(text.split(":")[1]) for text in (start, end))


def test_a_click_plays_exactly_the_span_and_stops_at_its_end(visit) -> None:
    page = open_results(visit, DOG, "long_evening")
    start, end = span(page)
    assert start >= LATE_BARK_S - 6
    assert end <= LATE_BARK_S + duration_of("dog_bark") + 6
    page.click("article >> nth=0 >> .play")
    page.wait_for_function(PLAYING)
    assert start <= place(page) <= end
    assert audio(page, "duration") == pytest.approx(end - start, abs=0.11)
    page.wait_for_function("() => document.querySelector('audio').ended")
    assert place(page) == pytest.approx(end, abs=0.11)
    assert page.get_attribute(".player", "data-playing") == "false"


def test_space_plays_and_stops_and_starts_from_the_beginning(visit) -> None:
    page = open_results(visit, "/?q=heavy+rain", "rain")
    page.focus("article >> nth=0")
    page.keyboard.press("l")  # so that it does not end by itself meanwhile
    page.keyboard.press(" ")
    page.wait_for_function(PLAYING)
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('audio').paused")
    page.keyboard.press(" ")
    page.wait_for_function(PLAYING)


def test_a_loop_goes_round(visit) -> None:
    page = open_results(visit, "/?q=a+dog+barks&max_duration_s=20", "dog_bark")
    page.keyboard.press("l")
    page.keyboard.press(" ")
    page.wait_for_function(PLAYING)
    length = audio(page, "duration")
    page.evaluate(f"document.querySelector('audio').currentTime = {length - 0.3}")
    page.wait_for_function(f"() => document.querySelector('audio').currentTime < {length / 2} && !document.querySelector('audio').paused")
    assert page.get_attribute(".player [aria-label=Loop]", "aria-pressed") == "true"
    page.reload()
    page.wait_for_selector("article")
    page.keyboard.press(" ")
    page.wait_for_function(PLAYING)
    assert audio(page, "loop") is True


def test_a_click_beside_the_span_plays_the_sound_from_there(visit) -> None:
    page = open_results(visit, DOG, "long_evening")
    box = page.locator("article >> nth=0 >> .waveform").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.98, box["y"] + box["height"] / 2)
    page.wait_for_function(PLAYING)
    assert "/media" in audio(page, "src")
    assert place(page) > span(page)[1]


def test_the_whole_sound_can_be_heard_and_sought_in(visit) -> None:
    page = open_results(visit, DOG, "long_evening")
    page.keyboard.press("w")
    page.wait_for_function(PLAYING)
    assert place(page) < 5
    page.locator("[aria-label='Place in the sound']").fill("40")
    page.wait_for_function("() => Number(document.querySelector('.player').dataset.time) >= 40")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 40.1")


def test_the_volume_is_kept(visit) -> None:
    page = open_results(visit, "/?q=heavy+rain", "rain")
    page.keyboard.press(" ")
    page.wait_for_function(PLAYING)
    page.locator("[aria-label=Volume]").fill("0.25")
    assert audio(page, "volume") == 0.25
    page.reload()
    page.wait_for_selector("article")
    assert audio(page, "volume") == 0.25


def test_everything_goes_by_keys(visit) -> None:
    page = open_results(visit, "/?q=heavy+rain", "rain")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.dataset.row === '0'")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.dataset.row === '1'")
    assert page.locator("article[aria-current=true]").count() == 1
    page.keyboard.press("ArrowUp")
    page.wait_for_function("() => document.activeElement.dataset.row === '0'")
    page.keyboard.press("Enter")
    page.wait_for_selector("aside >> text=rain.wav")
    page.keyboard.press("Escape")
    page.wait_for_selector("aside", state="detached")
    page.keyboard.press("v")
    page.wait_for_selector("article img.loaded")
    page.keyboard.press("?")
    page.wait_for_selector("dialog >> text=more like this")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("s")
    page.wait_for_selector(".token")


def test_waveforms_are_drawn_with_the_span_lit(visit) -> None:
    page = open_results(visit, DOG, "long_evening")
    page.wait_for_selector("article canvas.loaded")
    colours = page.evaluate(
        """() => {
            const canvas = document.querySelector('article canvas');
            const seen = {};
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 250) seen[[pixels[at], pixels[at + 1], pixels[at + 2]]] = 1;
            return Object.keys(seen).length;
        }"""
    )
    assert colours == 2
    assert page.locator("article >> nth=0 >> .waveform .span").bounding_box()["width"] > 10


def test_details_have_a_selection_that_is_heard_and_dragged_out(visit) -> None:
    page = open_results(visit, DOG, "long_evening")
    page.keyboard.press("Enter")
    page.wait_for_selector("aside >> text=This part as WAV")
    page.wait_for_function("() => document.querySelector('[data-testid=scope] > div')?.shadowRoot?.querySelector('[part^=region]')")
    dragged = page.evaluate(
        """() => {
            const data = new DataTransfer();
            document.querySelector('aside a.card').dispatchEvent(new DragEvent('dragstart', {dataTransfer: data, bubbles: true}));
            return [data.getData('DownloadURL'), data.getData('text/uri-list')];
        }"""
    )
    assert dragged[0].startswith("audio/wav:long_evening_")
    assert dragged[0].endswith(dragged[1])
    cut = page.request.get(dragged[1])
    assert cut.ok
    assert cut.headers["content-disposition"].startswith("attachment")
    page.click("aside .primary")
    page.wait_for_function(PLAYING)
    page.click("aside >> text=Select all")
    assert page.inner_text("aside .primary").strip() == "Play"
