"""A live connector for tests: a peer on loopback tells numbered rows until they are acknowledged.

The connector says how far it is (a number and a line feed); the peer tells `number time level flow` a line from there.
"""

import asyncio

from pydantic import BaseModel

from infrastress.connectors.backoff import keep_trying
from infrastress.connectors.base import Link, LiveConnector
from infrastress.connectors.inbox import Inbox


class ToyConnector(LiveConnector):
    name = "toy"

    class Options(BaseModel):
        port: int
        signals: tuple[str, ...] = ("level", "flow")
        password_secret: str = ""

    def __init__(self, site, source, options, context):
        super().__init__(site, source, options, context)
        if options.password_secret:
            context.secrets.get(options.password_secret)

    async def run(self, sink, after):
        inbox = Inbox(self.site, self.source, after)
        done = int(inbox.cursor or b"0")

        async def listen():
            nonlocal done
            reader, writer = await asyncio.open_connection("127.0.0.1", self.options.port)
            sink.report(Link("up"))
            try:
                writer.write(b"%d\n" % done)
                while line := await reader.readline():
                    lines = [line]
                    lines += [await reader.readline() for _ in range(reader._buffer.count(b"\n"))]
                    for one in lines:
                        number, time, *values = one.split()
                        for signal, value in zip(self.options.signals, values, strict=False):
                            inbox.reading(int(time), signal, float(value))
                    delivery = inbox.delivery(b"%d" % (int(number) + 1))
                    if delivery is not None:
                        await sink.deliver(delivery)
                    done = int(number) + 1
                    writer.write(b"%d\n" % done)
            finally:
                writer.close()

        await keep_trying(
            listen,
            failed=lambda error, wait_s: sink.report(Link("down", str(error))),
            random=self.context.random,
            first_s=0.05,
            longest_s=0.3,
        )
