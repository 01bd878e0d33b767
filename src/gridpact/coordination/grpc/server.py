"""The coordinator's end: parties call on a line each, a hub says what to reply, calls without a reply wait.

One thread runs everything here, a coroutine for each line. Those who wait cost no thread, and connections that say
nothing cost none either.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

import grpc
from grpc import aio

from gridpact.coordination.grpc.door import Door
from gridpact.coordination.grpc.wire import ACCEPTED, HOLD_S, LINE, NOTHING, SERVICE, joined, server_options, split
from gridpact.coordination.identity.authority import Credentials
from gridpact.errors import InputError, Issue, Refused

logger = logging.getLogger("gridpact.market")

GRACE_S = 1.0
# Where gRPC tells of calls that ended otherwise than by themselves.
OF_GRPC = logging.getLogger("grpc._cython.cygrpc")
# Besides the one of each party: lines made again before the coordinator knows that the last one broke, and strangers.
SPARE_LINES = 64
Context = aio.ServicerContext[bytes, bytes]


class Hub(Protocol):
    """The coordinator's core, for several threads: what it says to a call, None where there is nothing to say yet."""

    def receive(self, sender: str, data: bytes) -> bytes | None: ...

    def listen(self, told: Callable[[], None]) -> None: ...


class Server:
    """Answers calls at ``address`` from a hub, in a thread of its own, between ``start`` and ``stop``.

    ``port`` is where it listens; ``spoken`` is called with the name of a party and the reply that goes to it.
    """

    def __init__(
        self,
        hub: Hub,
        credentials: Credentials,
        door: Door,
        address: str,
        spoken: Callable[[str, bytes], None] = lambda name, reply: None,
    ) -> None:
        self.hub = hub
        self.door = door
        self.host, self.port = split(address)
        self._credentials = credentials
        self._spoken = spoken
        self._began: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, name="gridpact-market", daemon=True)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; raises ``InputError`` where that address cannot be listened at."""
        self._thread.start()
        self.port = self._began.result()
        self.hub.listen(self._wake)

    def stop(self) -> None:
        """Let replies that are on their way arrive, then end all calls and connections."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _wake(self) -> None:
        """From any thread: the hub may have something to say to those who wait."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _run(self) -> None:
        OF_GRPC.addFilter(_is_no_hang_up)
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._began.done():
                raise
            self._began.set_exception(error)
        finally:
            OF_GRPC.removeFilter(_is_no_hang_up)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._waiting: dict[asyncio.Future[bool], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._lines: dict[str, asyncio.Task[object] | None] = {}
        most = len(self.door.members.members) + SPARE_LINES
        server = aio.server(options=server_options(), maximum_concurrent_rpcs=most)
        server.add_generic_rpc_handlers([_handler(self._line)])
        port = _listen(server, self.host, self.port, self._credentials)
        await server.start()
        self._began.set_result(port)
        await self._stopping.wait()
        await server.stop(GRACE_S)

    async def _line(self, _: object, context: Context) -> None:
        """Calls of one party, one after another, until it hangs up; a newer line of the same party ends an older."""
        shown, me = _shown(context), asyncio.current_task()
        name = await self._who(shown, context)
        older, self._lines[name] = self._lines.get(name), me
        if older is not None:
            older.cancel()
        try:
            await context.send_initial_metadata((ACCEPTED,))
            while isinstance(data := await context.read(), bytes):  # and not the end of the stream
                await self._who(shown, context)
                await self._answer(name, data, context)
        except asyncio.CancelledError:
            if self._lines.get(name) is me:
                raise
            await context.abort(grpc.StatusCode.CANCELLED, "a newer line of this party took over")
        finally:
            if self._lines.get(name) is me:
                del self._lines[name]

    async def _answer(self, name: str, data: bytes, context: Context) -> None:
        """The reply to a call when there is one; until then a sign of life from time to time."""
        while (reply := await self._reply(name, data, context)) is None:
            if not await self._news():
                await context.write(NOTHING)
        await context.write(reply)
        self._spoken(name, reply)

    async def _who(self, shown: bytes, context: Context) -> str:
        try:
            return self.door.who(shown)
        except Refused as refused:
            logger.warning("refused %s: %s", context.peer(), refused)
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(refused))

    async def _reply(self, name: str, data: bytes, context: Context) -> bytes | None:
        """What the hub says; what it raises its own thread will hear as well."""
        try:
            return self.hub.receive(name, data)
        except Exception:
            logger.exception("a call of %r was too much for the coordinator", name)
            await context.abort(grpc.StatusCode.INTERNAL, "the coordinator has failed; its own log says why")

    async def _news(self) -> bool:
        """Wait until there may be something new, but not for long."""
        one: asyncio.Future[bool] = self._loop.create_future()
        self._waiting[one] = self._loop.time() + HOLD_S
        if self._timer is None:
            self._arm()
        try:
            return await one
        finally:
            self._waiting.pop(one, None)

    def _arm(self) -> None:
        """One timer for all who wait: for the one who has waited longest, whom others follow in order."""
        due = next(iter(self._waiting.values()), None)
        self._timer = None if due is None else self._loop.call_at(due, self._late)

    def _late(self) -> None:
        """Those for whom there was nothing for long are told so."""
        now = self._loop.time()
        for one, due in list(self._waiting.items()):
            if due > now:
                break
            del self._waiting[one]
            _told(one, False)
        self._arm()

    def _tell(self) -> None:
        """All who wait look again."""
        for one in self._waiting:
            _told(one, True)


def _is_no_hang_up(record: logging.LogRecord) -> bool:
    """Lines that were hung up on, as all are in the end, are no fault of anybody."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, asyncio.CancelledError)


def _told(one: asyncio.Future[bool], news: bool) -> None:
    if not one.done():
        one.set_result(news)


def _shown(context: Context) -> bytes:
    """The certificate of whoever is at the other end, PEM."""
    return [*context.auth_context().get("x509_pem_cert", ()), b""][0]


def _handler(line: Callable[[object, Context], object]) -> grpc.GenericRpcHandler:
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(line)
    return grpc.method_handlers_generic_handler(SERVICE, {LINE: method})


def _listen(server: aio.Server, host: str, port: int, shown: Credentials) -> int:
    """There is no port without TLS."""
    secure = grpc.ssl_server_credentials([(shown.key, shown.certificate)], shown.authority, require_client_auth=True)
    address = joined(host, port)
    try:
        return server.add_secure_port(address, secure)
    except RuntimeError:
        fix = "Give another port, or stop who listens there; the host must be an address of this machine."
        raise InputError([Issue("nobody can listen at this address", fix, value=address)]) from None
