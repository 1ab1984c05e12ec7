"""A little hub on 127.0.0.1: the routes that creating, uploading and downloading a repository need, over a dictionary."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

COMMIT = re.compile(r"/api/models/(.+)/commit/main")
PREUPLOAD = re.compile(r"/api/models/(.+)/preupload/main")
INFO = re.compile(r"/api/(?:models|datasets)/([^/]+/[^/]+)(?:/revision/(?:main|[0-9a-f]{40}))?")
TREE = re.compile(r"/api/(?:models|datasets)/([^/]+/[^/]+)/tree/[0-9a-f]{40}(?:/(.+))?")
PATHS = re.compile(r"/api/(?:models|datasets)/([^/]+/[^/]+)/paths-info/[0-9a-f]{40}")
FILE = re.compile(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/(?:main|[0-9a-f]{40})/(.+)")


@dataclass
class Hub:
    """`repos` holds files by repository and path; `breaks` are paths whose first download is cut in the middle; `seen` is a log."""

    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    breaks: set[str] = field(default_factory=set)
    refuse: bool = False
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    def start(self) -> tuple[ThreadingHTTPServer, str]:
        hub = self

        class Handler(_Handler):
            state = hub

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server, f"http://127.0.0.1:{server.server_address[1]}"


def sha(repo: dict[str, bytes]) -> str:
    return hashlib.sha1(b"".join(path.encode() + data for path, data in sorted(repo.items()))).hexdigest()


def entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


def listing(repo: dict[str, bytes], folder: str, *, recursive: bool) -> list[dict[str, object]]:
    """What is below `folder` ("" or ending in /): all files, or what lies right in it, folders too."""
    below = {name: data for name, data in repo.items() if name.startswith(folder)}
    if recursive:
        return [entry(name, data) for name, data in below.items()]
    folders = sorted({name[: name.index("/", len(folder))] for name in below if "/" in name[len(folder) :]})
    files = [entry(name, data) for name, data in below.items() if "/" not in name[len(folder) :]]
    return [{"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()} for name in folders] + files


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def answer(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def arrived(self) -> str:
        path = unquote(urlparse(self.path).path)
        self.state.seen.append((self.command, path, self.headers.get("Range")))
        return path

    def do_POST(self) -> None:
        path, body = self.arrived(), self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.state.refuse:
            return self.answer({"error": "You may not do this."}, 403)
        if path == "/api/repos/create":
            made = json.loads(body)
            name = f"{made['organization']}/{made['name']}"
            self.state.repos.setdefault(name, {})
            return self.answer({"url": f"http://127.0.0.1/{name}", "name": name})
        if PREUPLOAD.fullmatch(path):
            files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
            return self.answer({"files": files})
        if match := COMMIT.fullmatch(path):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.state.repos[match[1]][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            oid = sha(self.state.repos[match[1]])
            return self.answer(
                {"success": True, "commitOid": oid, "commitUrl": f"http://127.0.0.1/{match[1]}/commit/{oid}", "hookOutput": ""}
            )
        if (match := PATHS.fullmatch(path)) and match[1] in self.state.repos:
            repo, wanted = self.state.repos[match[1]], re.findall(r"paths=([^&]+)", unquote(body.decode()))
            return self.answer([entry(name, repo[name]) for name in wanted if name in repo])
        return self.answer({"error": path}, 404)

    def do_GET(self) -> None:
        path = self.arrived()
        if (match := FILE.fullmatch(path)) and match[2] in self.state.repos.get(match[1], {}):
            return self.file(match[1], match[2])
        if (match := TREE.fullmatch(path)) and match[1] in self.state.repos:
            folder = f"{match[2]}/" if match[2] else ""
            found = listing(self.state.repos[match[1]], folder, recursive="recursive=true" in self.path.lower())
            return self.answer(found) if found else self.answer({"error": path}, 404)
        if (match := INFO.fullmatch(path)) and match[1] in self.state.repos:
            repo = self.state.repos[match[1]]
            return self.answer({"id": match[1], "modelId": match[1], "sha": sha(repo), "siblings": [{"rfilename": name} for name in repo]})
        self.send_response(404)
        is_missing = (match := FILE.fullmatch(path)) and match[1] in self.state.repos
        self.send_header("X-Error-Code", "EntryNotFound" if is_missing else "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def file(self, repo: str, name: str) -> None:
        data = self.state.repos[repo][name]
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", sha(self.state.repos[repo]))
        self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        if name in self.state.breaks:
            self.state.breaks.remove(name)
            self.wfile.write(data[start : (start + len(data)) // 2])
            self.close_connection = True
            return
        self.wfile.write(data[start:])
