"""When something is missing: the server, a sound, a library; and a narrow, a keyed and a strict look at the whole page."""

from __future__ import annotations

import re

import pytest

from tests.web.driving import listening

VIEWS = {
    "/?q=a+dog+barks": "article canvas.loaded",
    "/?view=browse&sound=1": "aside #note",
    "/?view=map": ".map canvas",
    "/?view=collection&collection=1": "main h2 >> text=Favourites",
    "/?view=failures": "main li",
}


def test_a_server_that_is_gone_is_said_and_waited_for(visit) -> None:
    page = visit("/?q=heavy+rain", expected="Failed to load resource|ERR_")
    page.wait_for_selector("article")
    page.context.set_offline(True)
    page.fill("input[name=q]", "a siren wails")
    page.wait_for_selector("[role=alert] >> text=The server does not answer")
    page.context.set_offline(False)
    page.wait_for_selector("[role=alert]", state="detached")
    page.wait_for_function("() => document.querySelector('article .stem')?.textContent === 'siren'")


def test_a_sound_that_is_not_there_is_said(visit) -> None:
    page = visit("/?view=browse&sound=999999", expected="404")
    page.wait_for_selector("aside >> text=This sound is not there any more")
    page.wait_for_selector("article")


def test_a_file_that_was_deleted_is_said_when_it_is_played(visit, server) -> None:
    page = visit("/?q=a+piano+plays&max_duration_s=30", expected="404")
    page.wait_for_function("() => document.querySelector('article .stem')?.textContent === 'piano'")
    away = server.sounds / "synthetic" / "piano.wav"
    hidden = away.rename(server.library.parent / "piano.wav")
    try:
        page.goto(server.address + "/?q=a+piano+plays&max_duration_s=30")
        page.wait_for_function("() => document.querySelector('article .stem')?.textContent === 'piano'")
        page.keyboard.press("w")
        page.wait_for_selector(".notice.bad")
    finally:
        hidden.rename(away)


@pytest.fixture
def elsewhere(browser):
    """Opens the page of another server than that of the session."""
    contexts = []

    def opened(port: int, address: str = "/"):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        page = contexts[-1].new_page()
        page.goto(f"http://127.0.0.1:{port}{address}")
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_library_that_is_not_made_yet_says_what_to_do(elsewhere, tmp_path) -> None:
    with listening(tmp_path / "new.hearken") as port:
        page = elsewhere(port)
        page.wait_for_selector("text=No sounds yet")
        assert "hearken index" in page.inner_text("main")


def test_one_of_several_libraries_is_chosen(elsewhere, server, tmp_path) -> None:
    with listening(server.library, tmp_path / "new.hearken") as port:
        page = elsewhere(port)
        page.wait_for_selector(".examples button")
        page.goto(page.url + "?view=browse")
        page.select_option("nav select", "new")
        page.wait_for_selector("text=No sounds yet")
        assert page.url.endswith("lib=new")
        page.go_back()
        page.wait_for_selector("article")


def test_a_token_is_asked_for_and_taken(elsewhere, server) -> None:
    with listening(server.library, host="0.0.0.0", token="three small owls") as port:
        page = elsewhere(port, "/?token=three+small+owls")
        page.click(".examples button")
        page.wait_for_selector("article canvas.loaded")
        page.context.clear_cookies()  # as when the server was started anew, with another token
        page.fill("input[name=q]", "a siren wails")
        page.fill("[aria-label=Token]", "three large owls")
        page.click("text=Open")
        page.wait_for_selector("[role=alert] >> text=wrong")
        page.fill("[aria-label=Token]", "three small owls")
        page.click("text=Open")
        page.wait_for_function("() => document.querySelector('article .stem')?.textContent === 'siren'")


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_sticks_out_at_any_width(visit, width: int, scheme: str) -> None:
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.wait_for_selector(".examples button")
    assert page.get_attribute("html", "data-theme") == scheme
    for address, shown in VIEWS.items():
        page.evaluate("address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')) }", address)
        page.wait_for_selector(shown)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_every_control_has_a_name_and_a_theme_is_chosen_and_kept(visit) -> None:
    page = visit("/?q=a+dog+barks", color_scheme="dark")
    page.wait_for_selector("article")
    page.click("article >> nth=0 >> .name")
    page.wait_for_selector("aside #note")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, textarea')].filter(each =>
            each.type !== 'file' && !each.innerText?.trim() && !each.getAttribute('aria-label') && !each.labels?.length && !each.title
        ).map(each => each.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    page.click("[aria-label='Light theme']")
    page.reload()
    assert page.get_attribute("html", "data-theme") == "light"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_texts_stand_out_from_what_is_behind_them(visit, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    tokens = page.evaluate(
        """() => Object.fromEntries(['bg', 'surface', 'raised', 'hover', 'text', 'muted', 'accent', 'on-accent', 'good', 'warn', 'bad']
            .map(name => [name, getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim()]))"""
    )

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(tokens[one]), luminance(tokens[other])))
        return (high + 0.05) / (low + 0.05)

    pairs = [(text, ground) for text in ("text", "muted") for ground in ("bg", "surface", "raised", "hover")]
    pairs += [(text, ground) for text in ("accent", "bad", "warn", "good") for ground in ("bg", "surface")] + [("on-accent", "accent")]
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}


def test_the_tab_key_goes_through_the_page_and_is_never_caught(visit) -> None:
    page = visit("/?q=a+dog+barks")
    page.wait_for_selector("article")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("(document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText ?? '').slice(0, 40)")
        )
        if len(seen) > 5 and seen[-1] == seen[0]:
            break
    assert seen[0] == "Skip to the sounds"
    assert any(re.match("Play ", name) for name in seen)
    assert len(seen) < 60, seen


def test_nothing_moves_for_who_wants_no_motion(visit) -> None:
    page = visit(reduced_motion="reduce")
    page.wait_for_selector(".examples button")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.chip')).transitionDuration)") < 0.001
