"""The coordinator's end: calls come in, a hub says what to reply, and calls without a reply wait as coroutines.

One thread runs everything here. Those who wait cost no thread, and connections that say nothing cost none either.
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
from gridpact.coordination.grpc.wire import HOLD_S, NOTHING, SERVICE, TURN, joined, server_options, split
from gridpact.coordination.identity.authority import Credentials
from gridpact.errors import InputError, Issue, Refused

logger = logging.getLogger("gridpact.market")

GRACE_S = 1.0
# Besides the one of each party: calls made again after a connection broke, and calls that will be refused.
SPARE_CALLS = 64
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
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._began.done():
                raise
            self._began.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._news: asyncio.Future[None] = self._loop.create_future()
        calls = len(self.door.members.members) + SPARE_CALLS
        server = aio.server(options=server_options(), maximum_concurrent_rpcs=calls)
        server.add_generic_rpc_handlers([_handler(self._turn)])
        port = _listen(server, self.host, self.port, self._credentials)
        await server.start()
        self._began.set_result(port)
        await self._stopping.wait()
        self._tell()
        await server.stop(GRACE_S)

    async def _turn(self, data: bytes, context: Context) -> bytes:
        name = await self._who(context)
        until = self._loop.time() + HOLD_S
        while (reply := await self._reply(name, data, context)) is None:
            if self._loop.time() >= until or self._stopping.is_set():
                return NOTHING
            await asyncio.wait([self._news], timeout=until - self._loop.time())
        self._spoken(name, reply)
        return reply

    async def _who(self, context: Context) -> str:
        shown = [*context.auth_context().get("x509_pem_cert", ()), b""]
        try:
            return self.door.who(shown[0])
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

    def _tell(self) -> None:
        """All who wait look again."""
        told, self._news = self._news, self._loop.create_future()
        told.set_result(None)


def _handler(turn: Callable[[bytes, Context], object]) -> grpc.GenericRpcHandler:
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(turn)
    return grpc.method_handlers_generic_handler(SERVICE, {TURN: method})


def _listen(server: aio.Server, host: str, port: int, shown: Credentials) -> int:
    """There is no port without TLS."""
    secure = grpc.ssl_server_credentials([(shown.key, shown.certificate)], shown.authority, require_client_auth=True)
    address = joined(host, port)
    try:
        return server.add_secure_port(address, secure)
    except RuntimeError:
        fix = "Give another port, or stop who listens there; the host must be an address of this machine."
        raise InputError([Issue("nobody can listen at this address", fix, value=address)]) from None
