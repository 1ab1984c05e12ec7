import mimetypes

from hearken.server.routes import page


def test_a_plain_page_stands_in_for_one_that_was_not_built(client, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "STATIC", tmp_path)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_the_built_page_and_its_files(client, tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>built</title>")
    (tmp_path / "assets/app-1234.js").write_text("1")
    (tmp_path / "icon.svg").write_text("<svg/>")
    monkeypatch.setattr(page, "STATIC", tmp_path)
    index = client.get("/", params={"q": "rain", "any": "thing"})
    assert (index.status_code, "built" in index.text, index.headers["cache-control"]) == (200, True, "no-cache")
    script = client.get("/assets/app-1234.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert client.get("/icon.svg").headers["cache-control"] == "no-cache"
    for wrong in ("/assets/none.js", "/assets", "/assets/../index.html/x", "/%2e%2e/page.py"):
        assert client.get(wrong).status_code == 404, wrong
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405


def test_scripts_are_scripts_whatever_the_system_thinks(client, monkeypatch, tmp_path):
    """In the registry of Windows, .js is often plain text; no browser runs that as a module."""
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: ("text/plain", None))
    (tmp_path / "assets").mkdir()
    for name in ("a.js", "a.css", "a.woff2", "a.unknown"):
        (tmp_path / "assets" / name).write_text("x")
    monkeypatch.setattr(page, "STATIC", tmp_path)
    kinds = [client.get(f"/assets/{name}").headers["content-type"].partition(";")[0] for name in ("a.js", "a.css", "a.woff2", "a.unknown")]
    assert kinds == ["text/javascript", "text/css", "font/woff2", "application/octet-stream"]
