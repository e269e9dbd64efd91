"""Does on one line what commands say."""

import asyncio

from connectors.keeper import Keeper
from operators.records.book import Action, Command

_LEAVE = (Action.FAIL_OVER, Action.PAUSE)


class Orderly:
    """Obey the commands that speak of a line.

    What ends a socket or opens one is done at once. What takes a talk with the venue
    waits for the talk before it, and is not asked for twice while it waits.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._waiting: dict[tuple[Action, str], None] = {}
        self._wakes = asyncio.Event()

    def take(self, command: Command) -> None:
        """Take in a command, whatever line it speaks of."""
        if not self._is_meant(command):
            return
        match command.action:
            case Action.FAIL_OVER:
                self._keeper.fail_over()
            case Action.PAUSE:
                self._keeper.pause()
            case Action.RESUME:
                self._keeper.resume()
            case _ if command.symbol is not None:
                self._waiting[command.action, command.symbol] = None
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
            action, symbol = next(iter(self._waiting))
            del self._waiting[action, symbol]
            session = self._keeper.session
            if session is None:
                continue
            if action is Action.RESYNC:
                await session.resync(symbol)
            else:
                await session.resubscribe(symbol)

    def _is_meant(self, command: Command) -> bool:
        """Return whether a command speaks of this line.

        What is for a symbol is for each line that carries it; what is for no symbol
        names a connection. The socket that took over from another (``a~``) is of the
        same line; a command to leave a socket that has been left is obeyed no more.
        """
        connection = self._keeper.connection
        if command.venue != connection.venue or command.connection not in (
            None,
            connection.name,
        ):
            return False
        if command.symbol is None:
            return command.connection is not None and self._is_of(command)
        return command.symbol in connection.symbols and self._is_of(command)

    def _is_of(self, command: Command) -> bool:
        if command.line is None:
            return True
        session = self._keeper.session
        if command.action in _LEAVE and session is not None:
            return command.line == session.teller.line
        return command.line.removesuffix("~") == self._keeper.line.name
