import asyncio
from types import SimpleNamespace

from hearken.server.patience import Patience


class Connection:
    def __init__(self, cycle=None):
        self.cycle, self.closed = cycle, 0
        self.transport = SimpleNamespace(close=self.close)

    def close(self):
        self.closed += 1


def at_work():
    return SimpleNamespace(response_complete=False)


def answered():
    return SimpleNamespace(response_complete=True)


def looked(patience, monkeypatch, now_s):
    monkeypatch.setattr("hearken.server.patience.time.monotonic", lambda: now_s)
    asyncio.run(patience.look())


def test_who_asks_for_nothing_is_closed_and_who_works_is_not(monkeypatch):
    silent, working, between = Connection(), Connection(at_work()), Connection(answered())
    patience = Patience(lambda: [silent, working, between], wait_s=10)
    for now_s in (0.0, 9.0):
        looked(patience, monkeypatch, now_s)
    assert not silent.closed
    between.cycle = answered()  # it has asked for something else meanwhile
    looked(patience, monkeypatch, 10.0)
    assert (silent.closed, working.closed, between.closed) == (1, 0, 0)
    looked(patience, monkeypatch, 19.0)
    assert between.closed == 0
    looked(patience, monkeypatch, 20.0)
    assert (working.closed, between.closed) == (0, 1)


def test_work_starts_the_clock_anew(monkeypatch):
    one = Connection()
    patience = Patience(lambda: [one], wait_s=10)
    looked(patience, monkeypatch, 0.0)
    one.cycle = at_work()
    looked(patience, monkeypatch, 50.0)
    one.cycle.response_complete = True
    looked(patience, monkeypatch, 51.0)
    looked(patience, monkeypatch, 60.0)
    assert not one.closed
    looked(patience, monkeypatch, 61.0)
    assert one.closed


def test_of_too_many_the_longest_waiting_go(monkeypatch):
    open_ones = [Connection(), Connection()]
    patience = Patience(lambda: open_ones, wait_s=100, max_waiting=3)
    looked(patience, monkeypatch, 0.0)
    open_ones += [Connection(), Connection(), Connection(at_work())]
    looked(patience, monkeypatch, 1.0)
    assert sorted(each.closed for each in open_ones[:2]) == [0, 1]
    assert not any(each.closed for each in open_ones[2:])
    assert len(patience._known) == 4
    open_ones.clear()
    looked(patience, monkeypatch, 2.0)
    assert patience._known == {}
