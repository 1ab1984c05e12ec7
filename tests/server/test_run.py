import signal
import socket
import threading
import time

from threadpoolctl import threadpool_info

from hearken.server import run as module
from hearken.server.settings import Settings
from tests.server.serving import get


def test_it_runs_on_the_socket_that_it_is_given(tmp_path, monkeypatch):
    servers = []

    class Noted(module._Server):
        def __init__(self, config, app):
            super().__init__(config, app)
            servers.append(self)

    monkeypatch.setattr(module, "_Server", Noted)
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        thread = threading.Thread(target=module.run, args=(Settings((tmp_path,)), opened), kwargs={"grace_s": 5})
        thread.start()
        while not (servers and servers[0].started):
            time.sleep(0.02)
        assert get(port, "/api/v1")[0] == 200
        assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {1}
        ended = []
        servers[0].app.state.lives = type("Lives", (), {"end_streams": lambda self: ended.append(1), "close": lambda self: None})()
        servers[0].handle_exit(signal.SIGTERM, None)
        thread.join(20)
        assert not thread.is_alive()
        assert ended == [1]
