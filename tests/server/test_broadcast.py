from __future__ import annotations

import asyncio
import threading

from hearken.server.broadcast import Broadcast, Mailbox


def test_a_new_listener_gets_the_latest_at_once() -> None:
    async def listen() -> dict[str, str]:
        news = Broadcast()
        news.publish("job", "1")
        news.publish("job", "2")
        news.publish("map", "a")
        async with news.listening() as box:
            return await box.take(1)

    assert asyncio.run(listen()) == {"job": "2", "map": "a"}


def test_a_slow_listener_misses_what_was_overtaken_and_nothing_else() -> None:
    async def listen() -> list[dict[str, str]]:
        news = Broadcast()
        async with news.listening() as box:
            thread = threading.Thread(target=lambda: [news.publish("job", str(number)) for number in range(10_000)])
            thread.start()
            await asyncio.to_thread(thread.join)
            news.publish("map", "a")
            await asyncio.sleep(0.05)
            taken = [await box.take(1)]
            taken.append(await box.take(0.05))
        return taken

    assert asyncio.run(listen()) == [{"job": "9999", "map": "a"}, {}]


def test_every_listener_hears_and_those_that_left_are_dropped() -> None:
    async def listen() -> tuple[list[dict[str, str]], int, int]:
        news = Broadcast()

        async def one() -> dict[str, str]:
            async with news.listening() as box:
                return await box.take(5)

        tasks = [asyncio.create_task(one()) for _ in range(200)]
        await asyncio.sleep(0.05)
        count = news.num_listeners
        tasks[0].cancel()
        await asyncio.to_thread(news.publish, "job", "1")
        return list(await asyncio.gather(*tasks[1:])), count, news.num_listeners

    heard, before, after = asyncio.run(listen())
    assert heard == [{"job": "1"}] * 199
    assert (before, after) == (200, 0)


def test_the_same_again_is_no_news() -> None:
    async def listen() -> dict[str, str]:
        news = Broadcast()
        news.publish("job", "1")
        async with news.listening() as box:
            await box.take(1)
            news.publish("job", "1")
            return await box.take(0.05)

    assert asyncio.run(listen()) == {}


def test_the_end_wakes_everybody() -> None:
    async def listen() -> bool:
        news = Broadcast()
        async with news.listening() as box:
            await asyncio.to_thread(news.end)
            await box.take(5)
            return box.has_ended

    assert asyncio.run(listen())
    Broadcast().end()  # with nobody there


def test_publishing_after_the_loop_is_closed_is_harmless() -> None:
    news = Broadcast()

    async def leave_open() -> None:
        await news.listening().__aenter__()

    asyncio.run(leave_open())
    news.publish("job", "1")
    news.end()


def test_a_mailbox_that_times_out_brings_nothing() -> None:
    assert asyncio.run(Mailbox({}).take(0.01)) == {}
