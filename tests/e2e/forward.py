"""Pass bytes on between two addresses: ``python forward.py FROM:PORT TO:PORT``."""

import asyncio
import sys


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while some := await reader.read(65_536):
            writer.write(some)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(here: str, there: str) -> None:
    """Pass on every connection to ``here``, both ways, for ever."""
    host, port = there.split(":")

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))

    near, near_port = here.split(":")
    server = await asyncio.start_server(meet, near, int(near_port))
    print(f"ready on {near}:{near_port}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
