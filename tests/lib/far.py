"""far.py PORT MS   a server on this machine as if it were far away.

Prints the port of 127.0.0.1 that it listens on, and hands each connection on to
PORT, all that is said in either direction MS milliseconds later.
"""

import asyncio
import sys


async def carry(reader, writer, seconds):
    """Each piece arrives so much later, and none waits for another."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(seconds, writer.write, data)
    loop.call_later(seconds, writer.close)


async def main(port, seconds):
    async def serve(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            carry(reader, there[1], seconds),
            carry(there[0], writer, seconds),
            return_exceptions=True,
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
