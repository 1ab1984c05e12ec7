"""Asks a language model over HTTP: any server that speaks OpenAI's chat completions, in the cloud or on this machine.

The key is read from the environment alone and goes into one header; it is in no message, no file and no `repr`, and where a
server repeats it, it is blotted out. Plain http is for this machine; redirects are never followed, so the key goes nowhere
else. What may pass (timeouts, 408, 409, 425, 429, 5xx, broken bodies) is tried again, waiting as long as the server asks
for, within bounds. What cannot pass (wrong key, wrong model) ends the run at once.
"""

from __future__ import annotations

import ipaddress
import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hearken.errors import EndpointError, show

TIMEOUT_S = 60.0
ATTEMPTS = 5
URL_VARIABLE, MODEL_VARIABLE, KEY_VARIABLE = "HEARKEN_LLM_URL", "HEARKEN_LLM_MODEL", "HEARKEN_LLM_KEY"
_PATH = "/chat/completions"
_WHICH = "Such as http://localhost:8080/v1 for a server on this machine; docs/data.md has examples."


@dataclass(frozen=True)
class Endpoint:
    """Where and what to ask: the `base` address (up to `/v1`), the `model`, and the parameters that are sent if they are given."""

    base: str
    model: str
    key: str = field(default="", repr=False)
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout_s: float = TIMEOUT_S
    attempts: int = ATTEMPTS

    @property
    def address(self) -> str:
        """The address that questions go to."""
        return self.base + _PATH

    @property
    def parameters(self) -> dict[str, Any]:
        """What is sent beside the messages and can change the answer."""
        wanted = {"temperature": self.temperature, "seed": self.seed, "max_tokens": self.max_tokens}
        return {name: value for name, value in wanted.items() if value is not None}


def endpoint_of(
    base: str | None = None,
    model: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    insecure: bool = False,
    **options: Any,  # noqa: ANN401 - fields of Endpoint
) -> Endpoint:
    """Return the endpoint that the arguments or else the environment name; `options` are further fields of `Endpoint`.

    Raises EndpointError where no address or model is named, where the address is none, or would show the key: it holds a
    password or a query, or is plain http to another machine (unless `insecure`), or the key is no key.
    """
    environment = os.environ if environment is None else environment
    base = base or environment.get(URL_VARIABLE, "")
    model = model or environment.get(MODEL_VARIABLE, "")
    if not base:
        raise EndpointError("No language model is named.", f"Give --endpoint or ${URL_VARIABLE}. {_WHICH} Or use --offline.")
    if not model:
        raise EndpointError("It is not said which model of the server to ask.", f"Give --model or ${MODEL_VARIABLE}.")
    key = environment.get(KEY_VARIABLE, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EndpointError(f"${KEY_VARIABLE} holds something that is no key.", "It should be one word of ASCII characters.")
    return Endpoint(_checked(base.strip(), insecure=insecure), model, key, **options)


def _checked(base: str, *, insecure: bool) -> str:
    try:
        parts = urllib.parse.urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise EndpointError("The address of the endpoint is none.", _WHICH) from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EndpointError("The address of the endpoint holds a password, a query or a fragment.", f"Put the key into ${KEY_VARIABLE}.")
    if parts.scheme not in ("http", "https") or not host or not base.isprintable():
        raise EndpointError(f"The address of the endpoint, {show(base)}, is neither http nor https.", _WHICH)
    if parts.scheme == "http" and not insecure and not is_local(host):
        raise EndpointError(
            f"{show(base)} is not encrypted: anyone on the way could read the key and the texts.",
            "Use https, or say --insecure-http if the network is yours.",
        )
    return base.rstrip("/").removesuffix(_PATH).rstrip("/")


def is_local(host: str) -> bool:
    """Say whether `host` is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
