"""Does on the lines of a connection what commands say."""

import asyncio
from collections.abc import Sequence

from connectors.keeper import Keeper
from operators.records.book import Action, Command

_LEAVE = (Action.FAIL_OVER, Action.PAUSE)


class Orderly:
    """Obey the commands that speak of a connection's lines.

    What ends a socket or opens one is done at once. What takes a talk with the venue
    waits for the talk before it, and is not asked for twice while it waits. One line
    talks at a time: a book that is subscribed to anew stops for a moment, and it must
    not on all lines at once.
    """

    def __init__(self, keepers: Sequence[Keeper]) -> None:
        self._keepers = keepers
        self._waiting: dict[tuple[int, Action, str], None] = {}
        self._wakes = asyncio.Event()

    def take(self, command: Command) -> None:
        """Take in a command, whatever line it speaks of."""
        for number, keeper in enumerate(self._keepers):
            if not _is_meant(command, keeper):
                continue
            match command.action:
                case Action.FAIL_OVER:
                    keeper.fail_over()
                case Action.PAUSE:
                    keeper.pause()
                case Action.RESUME:
                    keeper.resume()
                case _ if command.symbol is not None:
                    self._waiting[number, command.action, command.symbol] = None
                    self._wakes.set()

    async def run(self) -> None:
        """Talk with the venue whenever there is reason to, until cancelled."""
        while True:
            await self._wakes.wait()
            self._wakes.clear()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Talk with the venue until nothing waits."""
        while self._waiting:
            number, action, symbol = next(iter(self._waiting))
            del self._waiting[number, action, symbol]
            session = self._keepers[number].session
            if session is None:
                continue
            if action is Action.RESYNC:
                await session.resync(symbol)
            else:
                await session.resubscribe(symbol)


def _is_meant(command: Command, keeper: Keeper) -> bool:
    """Return whether a command speaks of a line.

    What is for a symbol is for each line that carries it; what is for no symbol names a
    connection. The socket that took over from another (``a~``) is of the same line; a
    command to leave a socket that has been left is obeyed no more.
    """
    connection = keeper.connection
    if command.venue != connection.venue:
        return False
    if command.connection not in (None, connection.name):
        return False
    if command.symbol is None:
        return command.connection is not None and _is_of(command, keeper)
    return command.symbol in connection.symbols and _is_of(command, keeper)


def _is_of(command: Command, keeper: Keeper) -> bool:
    if command.line is None:
        return True
    if command.action in _LEAVE and keeper.session is not None:
        return command.line == keeper.session.teller.line
    return command.line.removesuffix("~") == keeper.line.name
