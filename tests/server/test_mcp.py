"""The Model Context Protocol: what an assistant sees, by the SDK's own client; over stdin and stdout of the real program."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")
from mcp import Client, StdioServerParameters

from hearken.audio.sounds import write_sounds
from hearken.search.library import Library
from hearken.server.desk import Desk
from hearken.server.mcp import make_server
from tests.fakes import FakeEmbedder

READING = ["search_sounds", "similar_sounds", "describe_library", "sound_details", "read_collection"]


@pytest.fixture
def library(tmp_path):
    (tmp_path / "s").mkdir()
    for number, name in enumerate(("dog.wav", "rain.wav")):
        (tmp_path / "s" / name).write_bytes(bytes([65 + number]) * 600)
    with Library(tmp_path / "lib", model=FakeEmbedder(dim=256)) as made:  # type: ignore[arg-type]
        made.index(tmp_path / "s", jobs=1)
        yield made


def talk(desk: Desk, *calls: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Return the tools that a client sees, and the results of its calls."""

    async def run() -> tuple[list[Any], list[Any]]:
        async with Client(make_server(desk)) as client:
            tools = (await client.list_tools()).tools
            return tools, [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(run())


def test_tools_and_their_answers(library) -> None:
    calls = [("search_sounds", {"text": "a dog", "limit": 1}), ("describe_library", {}), ("sound_details", {"id": 1})]
    tools, (found, about, details) = talk(Desk({"lib": library}, None, lambda *_: b""), *calls)
    assert [tool.name for tool in tools] == READING, "nothing writes where no folder was allowed"
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    assert [Path(each["path"]).name for each in found.structured_content["sounds"]] == ["dog.wav"]
    assert about.structured_content["num_files"] == 2
    assert details.structured_content["duration_s"] == 6.0


def test_cutting_is_there_where_it_was_allowed(library, tmp_path) -> None:
    desk = Desk({"lib": library}, tmp_path / "out", lambda *_: b"fLaC")
    tools, (made,) = talk(desk, ("cut_excerpt", {"id": 1, "start_s": 0.5, "end_s": 2.0}))
    assert [tool.name for tool in tools] == [*READING, "cut_excerpt"]
    assert tools[-1].annotations.read_only_hint is False
    assert Path(made.structured_content["file"]).read_bytes() == b"fLaC"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("sound_details", {"id": 99}, "There is no sound with the id 99"),
        ("search_sounds", {"text": "dog", "library": "x"}, "there are: lib"),
        ("search_sounds", {"text": "dog", "limit": 1000}, "limit"),
        ("search_sounds", {}, "text"),
        ("cut_excerpt", {"id": 1, "start_s": 0, "end_s": 1}, "cut_excerpt"),
    ],
)
def test_failures_are_told_to_the_assistant(library, name, arguments, told) -> None:
    _, (result,) = talk(Desk({"lib": library}, None, lambda *_: b""), (name, arguments))
    assert result.is_error
    assert told in result.content[0].text
    assert "Traceback" not in result.content[0].text


def test_the_real_program_over_stdin_and_stdout(tmp_path) -> None:
    write_sounds(tmp_path / "s")
    with Library(tmp_path / "lib") as library:
        library.index(tmp_path / "s", jobs=1)
    command = ["-m", "hearken", "mcp", "--library", str(tmp_path / "lib"), "--out", str(tmp_path / "out")]
    server = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ), cwd=Path(__file__).parents[2])

    async def run() -> None:
        async with Client(server, read_timeout_seconds=60) as client:
            found = (await client.call_tool("search_sounds", {"text": "a siren wails", "limit": 3})).structured_content
            best = found["sounds"][0]
            assert "siren" in best["path"]
            cut = await client.call_tool("cut_excerpt", {"id": best["id"], "start_s": 0.25, "end_s": 0.75})
            assert Path(cut.structured_content["file"]).read_bytes()[:4] == b"fLaC"
            similar = (await client.call_tool("similar_sounds", {"id": best["id"], "limit": 50})).structured_content["sounds"]
            assert similar
            assert best["id"] not in [each["id"] for each in similar]

    asyncio.run(run())
