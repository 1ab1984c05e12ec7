"""`hearken mcp`: what is refused before the protocol begins; tests/server/test_mcp.py talks to the program."""

from __future__ import annotations

import sys


def test_a_library_that_is_not_there_is_told(cli, tmp_path) -> None:
    code, out, err = cli("mcp", "--library", str(tmp_path / "nothing"))
    assert (code, out) == (1, "")
    assert "There is no library" in err


def test_the_extra_is_named(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    monkeypatch.delitem(sys.modules, "hearken.server.mcp", raising=False)
    code, out, err = cli("mcp")
    assert (code, out) == (1, "")
    assert '".[mcp]"' in err
