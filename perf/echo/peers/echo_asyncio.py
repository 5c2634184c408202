#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The echo server of asyncio or uvloop, as a protocol or, which is slower, on streams:
echo_asyncio.py asyncio|uvloop protocol|streams PORT

They set TCP_NODELAY themselves.
"""
import asyncio
import sys

SIZE = 65536


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def serve(reader, writer):
    while data := await reader.read(SIZE):
        writer.write(data)
        await writer.drain()
    writer.close()


async def main(form, port):
    loop = asyncio.get_running_loop()
    if form == "protocol":
        server = await loop.create_server(Echo, "127.0.0.1", port, backlog=1024)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if sys.argv[1] == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main(sys.argv[2], int(sys.argv[3])))
