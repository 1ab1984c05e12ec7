from pathlib import Path

import pytest

from hearken.errors import InputError
from hearken.server.settings import Settings, is_loopback, slug

HERE = (Path("/x/My Sounds.hearken"),)


def test_libraries_have_names_that_differ():
    named = Settings((*HERE, Path("/y/my-sounds"), Path("/z/Ünïcode é"), Path("/z/日本"))).names
    assert list(named) == ["my-sounds", "my-sounds-2", "unicode-e", "library"]
    assert named["my-sounds"] == HERE[0]


@pytest.mark.parametrize(("name", "expected"), [("a.hearken", "a"), ("---", "library"), ("A_b C", "a-b-c"), ("x" * 100, "x" * 60)])
def test_slugs(name, expected):
    assert slug(name) == expected


def test_what_makes_no_sense_is_refused():
    for wrong in ({"port": 70_000}, {"port": -1}, {"token": "short"}, {"host": "0.0.0.0"}, {"host": "nas.local"}):
        with pytest.raises(InputError):
            Settings(HERE, **wrong)
    with pytest.raises(InputError, match="needs a library"):
        Settings(())


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("x", False),
    ],
)
def test_loopback(host, local):
    assert is_loopback(host) is local


def test_hosts_of_a_local_server():
    here = Settings(HERE, allowed_hosts=("NAS.local",))
    for name in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "[::1]", "nas.LOCAL"):
        assert here.allows_host(name)
    for name in ("", "evil.example", "192.168.1.2", "localhost.evil.example", "127.0.0.1.nip.io"):
        assert not here.allows_host(name)


@pytest.mark.parametrize(("host", "name"), [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("localhost", "localhost")])
def test_a_server_goes_by_the_address_that_it_listens_on(host, name):
    assert Settings(HERE, host).allows_host(name)
    assert not Settings(HERE, host).allows_host("127.0.0.3")


def test_hosts_of_an_open_server_are_addresses_of_numbers():
    abroad = Settings(HERE, "0.0.0.0", token="t" * 12)
    for name in ("192.168.1.2", "[fe80::1]", "localhost", "0.0.0.0"):
        assert abroad.allows_host(name)
    assert not abroad.allows_host("evil.example")
    assert Settings(HERE, "nas.local", token="t" * 12).allows_host("nas.local")
