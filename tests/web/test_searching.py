"""Finding: examples, words as one types, the address and its history, filters, likeness."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

NAME = "article .stem"
FIRST = "article:first-of-type >> nth=0"


def asked(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def names(page) -> list[str]:
    return page.locator(NAME).all_inner_texts()


def first_is(page, name: str) -> None:
    page.wait_for_function(
        "name => document.querySelector('article .stem')?.textContent === name && !document.querySelector('ol[aria-busy=true]')", arg=name
    )


def test_a_new_user_finds_a_sound_with_one_click(visit) -> None:
    page = visit()
    assert page.evaluate("document.activeElement.name") == "q"
    examples = page.locator(".examples button")
    assert examples.count() >= 3
    words = examples.first.inner_text()
    examples.first.click()
    page.wait_for_selector("article")
    assert page.input_value("input[name=q]") == words
    assert asked(page) == {"q": [words]}
    assert "Hearken" in page.title()
    assert words in page.title()


def test_results_come_while_one_types_and_the_cursor_stays(visit) -> None:
    page = visit()
    page.keyboard.type("a church bell rings", delay=20)
    first_is(page, "church_bell")
    assert page.evaluate("document.activeElement.name") == "q"
    page.wait_for_function("() => document.querySelector('[data-testid=spoken]').textContent.includes('result')")


def test_back_and_forward_bring_searches_back(visit) -> None:
    page = visit()
    for words, name in (("a church bell rings", "church_bell"), ("a siren wails", "siren")):
        page.fill("input[name=q]", words)
        page.keyboard.press("Enter")
        first_is(page, name)
    page.go_back()
    first_is(page, "church_bell")
    assert page.input_value("input[name=q]") == "a church bell rings"
    page.go_back()
    page.wait_for_selector("text=What do you want to hear?")
    assert page.locator(".recent button").all_inner_texts() == ["a siren wails", "a church bell rings"]
    page.go_forward()
    first_is(page, "church_bell")


def test_an_address_alone_brings_everything_back(visit) -> None:
    page = visit("/?q=rain&not=thunder&max_duration_s=10&format=wav&moments=true")
    page.wait_for_selector("article")
    pressed = page.locator(".bar [aria-pressed=true]").all_inner_texts()
    assert [text.strip() for text in pressed] == ["Without “thunder”", "Up to 10 s", "WAV", "Every moment"]


def test_filters_narrow_and_go_into_the_address(visit) -> None:
    page = visit("/?view=browse")
    page.wait_for_selector("article")
    assert "27 sounds" in page.inner_text("main")
    page.click(".bar >> text=Length")
    page.click(".popover .item >> text=Over 1 min")
    first_is(page, "long_evening")
    assert len(names(page)) == 1
    assert asked(page)["min_duration_s"] == ["60"]
    page.click(".bar >> text=Folder")
    page.click(".popover .item >> text=synthetic")
    page.wait_for_selector("text=No sound passes these filters")
    page.click("main >> text=Clear filters >> nth=-1")
    page.wait_for_selector("article")
    assert "folder" not in asked(page)
    page.go_back()
    page.wait_for_selector("text=No sound passes these filters")


def test_what_it_should_not_be_is_left_out(visit) -> None:
    page = visit("/?q=a+bell+rings&sound_only=true")
    page.wait_for_selector("article")
    before = names(page).index("telephone")
    page.click(".bar >> text=Without")
    page.fill("#without", "a telephone rings")
    page.keyboard.press("Enter")
    page.wait_for_url("**not=a+telephone+rings**")
    page.wait_for_selector(".bar >> text=Without “a telephone rings”")
    page.wait_for_function(
        "before => [...document.querySelectorAll('article .stem')].map(each => each.textContent).indexOf('telephone') > before", arg=before
    )


def test_every_moment_of_a_long_sound_can_be_asked_for(visit) -> None:
    page = visit("/?q=silence&sound_only=true")
    page.wait_for_selector("article")
    assert len(set(names(page))) == len(names(page))
    page.click(".bar >> text=Every moment")
    page.wait_for_url("**moments=true**")
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('article .stem')].map(each => each.textContent); return new Set(all).size < all.length }"
    )


def test_more_like_a_sound_and_like_a_part_of_it(visit, server) -> None:
    page = visit("/?q=thunder+rumbles")
    first_is(page, "thunder")
    page.click("article >> nth=0 >> [aria-label='More like this']")
    page.wait_for_url("**like=*")
    page.wait_for_selector(".token >> text=thunder.wav")
    page.wait_for_function("() => document.querySelector('article .stem')?.textContent === 'rain'")
    assert page.locator(".token").count() == 1
    page.focus("input[name=q]")
    page.keyboard.press("Backspace")
    page.wait_for_selector(".token", state="detached")
    assert "like" not in asked(page)


def test_an_unknown_word_says_how_it_was_taken_and_can_be_searched_as_typed(visit) -> None:
    page = visit("/?q=woof")
    page.wait_for_selector("text=a dog barks")
    page.click("text=Search as typed")
    page.wait_for_url("**as_typed=true**")
    page.wait_for_selector("text=Search as typed", state="detached")


def test_what_does_not_fit_is_called_so(visit) -> None:
    page = visit("/?q=quarterly+tax+report&sound_only=true")
    page.wait_for_selector("text=Nothing here seems to match; these are only the nearest.")
    assert re.search("weak", page.inner_text("article >> nth=0"))


def test_the_list_goes_on_as_one_scrolls(visit) -> None:
    page = visit("/?view=browse")
    page.wait_for_selector("article")
    assert page.locator("article").count() == 20
    page.mouse.wheel(0, 20_000)
    page.wait_for_function("() => document.querySelectorAll('article').length === 27")
