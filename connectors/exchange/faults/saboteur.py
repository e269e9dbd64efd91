"""Carries out a script: whom each fault meets, when it begins and when it is over."""

from collections.abc import Iterator
from functools import partial

import msgspec
import numpy as np

from config.exchange import AnyFault, ExchangeParams, OnClient
from connectors.exchange.client import Client
from connectors.exchange.faults import ACTS, DOOR_ACTS
from connectors.exchange.faults.act import AnyAct, AnyDoorAct, Scene
from connectors.exchange.faults.choice import chosen
from connectors.exchange.faults.journal import Journal
from connectors.exchange.faults.schedule import plan
from connectors.exchange.message import Answer, Feed, Message, Outbound
from operators.records.time import SECOND


class Run:
    """One fault while it lasts."""

    def __init__(self, number: int, params: AnyFault, scene: Scene, at_ns: int) -> None:
        self.number = number
        self.params = params
        self.scene = scene
        self.begun_ns = at_ns
        self.ends_ns = at_ns + int(params.for_s * SECOND)
        self.acts: list[AnyAct] = []
        self.door: AnyDoorAct | None = None
        if type(params) in DOOR_ACTS:
            self.door = DOOR_ACTS[type(params)](params, scene)

    def add(self, client: Client) -> None:
        """Let it act on a client."""
        act = ACTS[type(self.params)](self.params, self.scene, client)
        self.acts.append(act)
        act.begin()


class Saboteur:
    """Lets the exchange misbehave as a script says, at simulated times.

    It stands between the feed and the server, and at the server's door. What it draws
    depends on the script's seed and on the place of the fault in the script.
    """

    def __init__(
        self, params: ExchangeParams, feed: Feed, bids: tuple[str, str]
    ) -> None:
        """Take the script, whom it is played to, and how bids are spelt there.

        Raises:
            ExchangeError: If the journal cannot be written.
        """
        self._feed = feed
        self._bids = bids
        self._seed = params.script.seed
        self._start_ns = feed.market.start_ns
        self._plan = plan(params.script, params.venue)
        self._next = next(self._plan, None)
        self._clients: dict[Client, None] = {}
        self._runs: list[Run] = []
        self._journal = Journal(params.journal)
        self._journal.write(
            "begin",
            self._start_ns,
            venue=params.venue,
            seed=params.seed,
            rate=params.rate,
            symbols=params.symbols,
        )

    def until(self, now_ns: int) -> Iterator[Message]:
        """Yield what is to be published up to a time; act when it is time to."""
        while (due_ns := self._due_ns()) is not None and due_ns <= now_ns:
            yield from self._watched(due_ns)
            for run in tuple(self._runs):
                if run.ends_ns <= due_ns:
                    self._end(run, due_ns, "time")
            while self._next and self._ns(self._next.at_s) <= due_ns:
                number, params = self._next.number, self._next.params
                self._next = next(self._plan, None)
                self._begin(number, params, due_ns)
        yield from self._watched(now_ns)

    def rest(self, path: str) -> Answer | None:
        """Return the answer to a REST request, None where the path is not REST."""
        for run in self._runs:
            answer = run.door.rest(path) if run.door else None
            if answer is not None:
                return answer
        return self._feed.rest(path)

    def refuses(self, path: str, *, socket: bool) -> Answer | None:
        """Return the answer to a request that is not let in."""
        for run in self._runs:
            answer = run.door.refuses(path, socket=socket) if run.door else None
            if answer is not None:
                return answer
        return None

    def opened(self, client: Client) -> None:
        """Take note that a client is there; let it have what all have."""
        self._clients[client] = None
        self._tell_client(client, "open")
        for run in self._runs:
            if isinstance(run.params, OnClient) and run.params.client == "all":
                run.add(client)

    def closed(self, client: Client) -> None:
        """Take note that a client has left, and leave it alone."""
        self._clients.pop(client, None)
        self._tell_client(client, "closed")
        for run in tuple(self._runs):
            left = [act for act in run.acts if act.client is not client]
            if len(left) < len(run.acts):
                run.acts = left
                if not left and not (run.door or self._meets_all(run)):
                    self._end(run, self._feed.now_ns, "gone")

    def relent(self) -> None:
        """End what lasts, for good."""
        self._next = None
        for run in tuple(self._runs):
            self._end(run, self._feed.now_ns, "stopped")

    def close(self) -> None:
        """End the journal."""
        self._journal.close(self._feed.now_ns)

    def _ns(self, after_s: float) -> int:
        return self._start_ns + int(after_s * SECOND)

    def _due_ns(self) -> int | None:
        """Return when the next fault begins or ends."""
        times = [run.ends_ns for run in self._runs]
        if self._next is not None:
            times.append(self._ns(self._next.at_s))
        return min(times, default=None)

    def _watched(self, until_ns: int) -> Iterator[Message]:
        """Yield what the feed has, and end the faults that are done with it."""
        for message in self._feed.until(until_ns):
            self._journal.note(message, self._feed)
            yield message
            if self._runs:
                self._end_done()

    def _begin(self, number: int, params: AnyFault, at_ns: int) -> None:
        scene = Scene(
            feed=self._feed,
            bids=self._bids,
            rng=np.random.default_rng([self._seed, number]),
            tell=partial(self._tell, number),
            tell_request=partial(self._tell_request, number),
        )
        clients = chosen(params, self._clients, self._feed, scene.rng)
        self._journal.write(
            "fault",
            at_ns,
            **{"is": "begin"},
            fault=number,
            kind=params.__struct_config__.tag,
            params=msgspec.to_builtins(params),
            clients=[client.number for client in clients],
        )
        run = Run(number, params, scene, at_ns)
        self._runs.append(run)
        for client in clients:
            run.add(client)
        if not (clients or run.door or self._meets_all(run)):
            self._end(run, at_ns, "nobody")
        self._end_done()

    @staticmethod
    def _meets_all(run: Run) -> bool:
        lasts = run.ends_ns > run.begun_ns
        return lasts and isinstance(run.params, OnClient) and run.params.client == "all"

    def _end_done(self) -> None:
        for run in tuple(self._runs):
            if run.acts and all(act.done for act in run.acts) and not run.door:
                self._end(run, self._feed.now_ns, "done")

    def _end(self, run: Run, now_ns: int, why: str) -> None:
        self._runs.remove(run)
        for act in run.acts:
            act.end()
        self._journal.write(
            "fault",
            now_ns,
            **{"is": "end"},
            fault=run.number,
            kind=run.params.__struct_config__.tag,
            why=why,
            frames=self._journal.counted(run.number),
            lasted_ns=now_ns - run.begun_ns,
        )

    def _tell(self, number: int, did: str, frame: Outbound, client: Client) -> None:
        if frame.message is not None:
            self._journal.touched(
                number, client.number, did, self._feed.now_ns, frame.message
            )

    def _tell_request(self, number: int, did: str, path: str) -> None:
        self._journal.asked(number, did, self._feed.now_ns, path)

    def _tell_client(self, client: Client, state: str) -> None:
        self._journal.write(
            "client",
            self._feed.now_ns,
            **{"is": state},
            client=client.number,
            path=client.path,
        )
