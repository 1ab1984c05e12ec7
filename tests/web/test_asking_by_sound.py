"""Searching by a sound from outside: chosen, dropped, recorded."""

from __future__ import annotations

import base64


def first(page, name: str) -> None:
    page.wait_for_function("name => document.querySelector('article .stem')?.textContent === name", arg=name)


def test_a_chosen_file_finds_itself(visit, server) -> None:
    page = visit()
    page.set_input_files("[data-testid=chooser]", server.sounds / "synthetic" / "siren.wav")
    first(page, "siren")
    assert "siren.wav" in page.inner_text(".token")
    page.fill("input[name=q]", "a church bell rings")
    first(page, "church_bell")
    assert page.locator(".token").count() == 0
    page.go_back()
    first(page, "siren")


def test_a_dropped_file_finds_itself(visit, server) -> None:
    page = visit()
    data = base64.b64encode((server.sounds / "synthetic" / "rain.wav").read_bytes()).decode()
    page.evaluate(
        """data => {
            const bytes = Uint8Array.from(atob(data), char => char.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], 'mine.wav', {type: 'audio/wav'}));
            for (const name of ['dragover', 'drop']) window.dispatchEvent(new DragEvent(name, {dataTransfer: transfer, cancelable: true}));
        }""",
        data,
    )
    first(page, "rain")
    assert "mine.wav" in page.inner_text(".token")


def test_a_recording_is_searched_by(visit) -> None:
    page = visit()
    page.click("[aria-label='Record a sound to search by it']")
    page.wait_for_function("() => parseFloat(document.querySelector('[role=timer]')?.textContent.split(':')[1]) > 1")
    page.click("text=Search by it")
    page.wait_for_selector("article")
    assert "recording." in page.inner_text(".token")
    page.click(".token button")
    page.click("[aria-label='Record a sound to search by it']")
    page.wait_for_selector("[role=timer]")
    page.keyboard.press("Escape")
    page.wait_for_selector("[role=timer]", state="detached")
    assert page.locator(".token").count() == 0


def test_a_file_that_is_no_sound_is_refused_in_words(visit, tmp_path) -> None:
    page = visit(expected="the server responded with a status of 4")
    (tmp_path / "letter.wav").write_text("Dear Sir or Madam, this is no sound at all.")
    page.set_input_files("[data-testid=chooser]", tmp_path / "letter.wav")
    page.wait_for_selector("main .blank h2")
    assert "letter" in page.inner_text(".token")
    assert page.locator("article").count() == 0


def test_a_sample_that_another_tab_had_is_missed_in_words(visit) -> None:
    page = visit("/?sample=3")
    page.wait_for_selector("text=The sound that you searched with is not here any more.")
    page.click("text=Search by words")
    page.wait_for_selector("text=What do you want to hear?")
