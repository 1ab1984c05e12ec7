"""The server as an ASGI application: guards outside, routes inside. Routes are one file per resource in `routes/`."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from hearken import __version__
from hearken.server import contract, problems, routes, uploads
from hearken.server.guard import Guard, Headers
from hearken.server.limiting import BodyLimit, Busy
from hearken.server.settings import Settings
from hearken.server.state import Models, Shelf


def create_app(settings: Settings, models: Models | None = None) -> FastAPI:
    """Return the server for `settings`; nothing is opened before it runs. `models` are those that are loaded already."""
    made: FastAPI = FastAPI(
        title="Hearken", version=__version__, docs_url=None, redoc_url=None, openapi_url=contract.DOCUMENT, lifespan=_life
    )
    made.user_middleware = [
        Middleware(Headers),
        Middleware(Guard, settings=settings),
        Middleware(Busy, ceilings=settings.ceilings),
        Middleware(BodyLimit, ceilings=settings.ceilings),
        Middleware(contract.Contract, of=made),
    ]
    made.state.shelf = Shelf(settings, models or Models())
    problems.install(made)
    for module in sorted(pkgutil.iter_modules(routes.__path__), key=lambda each: each.name == "page"):  # the page takes what is left
        router = importlib.import_module(f"{routes.__name__}.{module.name}").router
        made.include_router(router, prefix="" if module.name == "page" else contract.PREFIX)
    made.openapi = lambda: _document(made)  # type: ignore[method-assign]
    return made


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = contract.document(app)
    return app.openapi_schema


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Close the libraries when the server ends, and whatever else a route has put on `app.state.closing`."""
    app.state.closing = [uploads.close]
    warming = threading.Thread(target=app.state.shelf.warm, name="warming", daemon=True)
    warming.start()
    yield
    for close in reversed(app.state.closing):
        close()
    warming.join()
    app.state.shelf.close()
