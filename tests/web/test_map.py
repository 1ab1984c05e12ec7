"""The map: drawn, walked through by keys and by pointing, heard, and lit by a search."""

from __future__ import annotations

PLAYER_PX = 72  # is kept free for the player
DRAWN = """() => {
    const canvas = document.querySelector('.map canvas');
    if (!canvas || !canvas.width) return 0;
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set();
    for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 200) seen.add([pixels[at] >> 4, pixels[at + 1] >> 4, pixels[at + 2] >> 4].join());
    return seen.size;
}"""


def open_map(visit, address: str = "/?view=map"):
    page = visit(address)
    page.wait_for_selector(".map [role=application]")
    page.wait_for_function(f"() => ({DRAWN})() > 3")
    return page


def test_keys_go_from_sound_to_sound_play_and_open(visit) -> None:
    page = open_map(visit)
    assert "27 sounds" in page.get_attribute(".map [role=application]", "aria-label")
    page.focus(".map [role=application]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("[data-testid=map-card]")
    first = page.inner_text("[data-testid=map-card] .name")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.1")
    seen = {first}
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(500)
        seen.add(page.inner_text("[data-testid=map-card] .name"))
    assert len(seen) >= 3
    second = page.inner_text("[data-testid=map-card] .name")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"aside h2 >> text={second}")


def test_pointing_is_heard_and_a_click_opens(visit) -> None:
    page = open_map(visit)
    box = page.locator("main .map").bounding_box()
    answer = page.evaluate("fetch('/api/v1/libraries/evening/map').then(answer => answer.json())")
    xs, ys = answer["points"]["x"], answer["points"]["y"]
    across, down = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((box["width"] - 98) / across, (box["height"] - 98 - PLAYER_PX) / down)
    index = xs.index(min(xs))
    x = box["x"] + box["width"] / 2 + scale * (xs[index] - (max(xs) + min(xs)) / 2)
    y = box["y"] + (box["height"] - PLAYER_PX) / 2 + scale * (ys[index] - (max(ys) + min(ys)) / 2)
    page.mouse.move(x, y)
    name = page.evaluate(f"fetch('/api/v1/libraries/evening/sounds/{answer['points']['id'][index]}').then(answer => answer.json())")["name"]
    page.wait_for_selector(f"[data-testid=map-card] >> text={name}")
    page.wait_for_function("() => !document.querySelector('audio').paused && document.querySelector('audio').currentTime > 0.1")
    page.mouse.click(x, y)
    page.wait_for_selector(f"aside h2 >> text={name}")


def test_it_zooms_and_moves(visit) -> None:
    page = open_map(visit)
    looks = [page.locator("main .map").screenshot()]
    page.click("[aria-label='Zoom in']")
    looks.append(page.locator(".map canvas").screenshot())
    box = page.locator("main .map").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 350, steps=4)
    page.mouse.up()
    looks.append(page.locator(".map canvas").screenshot())
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(300)
    looks.append(page.locator(".map canvas").screenshot())
    assert len(set(looks)) == len(looks)


def test_a_search_lights_its_results(visit) -> None:
    page = open_map(visit)
    page.fill("input[name=q]", "a dog barks")
    page.wait_for_selector(".map >> text=/results? lit/")
    assert "view=map" in page.url
