"""Batches: every task has exactly one outcome, the same as in this process, whatever happens to the workers."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
import pytest

from gridpact.coordination.apart.states import Aborted, Ending
from gridpact.errors import GridPactError, InfeasibleError, InputError, Issue, WorkerLost
from gridpact.programs.batch import Outcome, Pool, open_pool, run_batch

SOURCE = Path(__file__).resolve().parents[2] / "src"


def square(number: int) -> int:
    return number * number


def process_and_threads(_: int) -> tuple[int, str | None, str | None]:
    """Whose result this is, and how many threads its linear algebra may use."""
    return os.getpid(), os.environ.get("OMP_NUM_THREADS"), os.environ.get("OPENBLAS_NUM_THREADS")


def odd_ones_fail(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number


def raised(error: Exception) -> None:
    raise error


def marked(folder: Path, number: int, work: Callable[[int], Any]) -> Any:
    """Do the work between two marks in the folder, one for the beginning of each attempt, one for the end."""
    (folder / f"begun-{number}-{time.time_ns()}").touch()
    value = work(number)
    (folder / f"ended-{number}-{time.time_ns()}").touch()
    return value


def marks(folder: Path, kind: str) -> Counter[int]:
    return Counter(int(path.name.split("-")[1]) for path in folder.glob(f"{kind}-*"))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_first(folder: Path, deadly: set[int], number: int) -> int:
    """Kill the worker at the first attempt of a deadly task."""

    def work(number: int) -> int:
        if number in deadly and marks(folder, "begun")[number] == 1:
            die()
        return square(number)

    return int(marked(folder, number, work))


def die_always(folder: Path, deadly: set[int], number: int) -> int:
    return int(marked(folder, number, lambda task: die() if task in deadly else square(task)) or 0)


def in_flight(folder: Path, number: int) -> int:
    """The number of tasks begun until now, this one included."""
    (folder / str(number)).touch()
    return len(list(folder.iterdir()))


def slow(_: int) -> None:
    time.sleep(60)


COUNTS: list[int] = []


def kept(_: int) -> tuple[int, int]:
    """How often this process has run this: what a module holds stays from task to task."""
    COUNTS.append(1)
    return os.getpid(), len(COUNTS)


def values(outcomes: Iterator[Outcome[Any]]) -> dict[int, Any]:
    """The values by task; every task comes once, and without an error."""
    found: dict[int, Any] = {}
    for outcome in outcomes:
        assert outcome.error is None
        assert outcome.task not in found
        found[outcome.task] = outcome.value
    return found


def errors(outcomes: Iterator[Outcome[Any]]) -> dict[int, Exception | None]:
    return {outcome.task: outcome.error for outcome in outcomes}


def worker_processes() -> list[psutil.Process]:
    """The workers that this process has started and that still live; other tests may leave other children."""
    return [child for child in psutil.Process().children(recursive=True) if alive(child) and is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    return "gridpact.programs.worker" in process.cmdline()


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with open_pool(workers=2, attempts=2) as pool:
        yield pool


@pytest.fixture(params=["here", "workers"])
def either(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """In this process and on workers: both must give the same."""
    if request.param == "workers":
        yield request.getfixturevalue("pool")
        return
    with open_pool() as here:
        yield here


def test_every_task_has_its_own_value(either: Pool) -> None:
    assert values(either.run(square, range(50))) == {number: number**2 for number in range(50)}


def test_no_task_no_outcome(either: Pool) -> None:
    assert list(either.run(square, [])) == []


def test_arrays_come_back_as_they_were(either: Pool) -> None:
    arrays = [np.random.default_rng(seed).normal(size=(24, 33)) for seed in range(3)]
    found = values(either.run(np.transpose, arrays))
    assert all(np.array_equal(found[number], array.T) for number, array in enumerate(arrays))


def test_functions_defined_on_the_spot_and_bound_ones_run_too(either: Pool) -> None:
    offset = 7
    assert values(either.run(lambda number: number + offset, [1, 2])) == {0: 8, 1: 9}
    assert values(either.run(partial(pow, 2), [3, 4])) == {0: 8, 1: 16}


def test_a_failing_task_is_named_and_the_others_go_on(either: Pool) -> None:
    outcomes = {outcome.task: outcome for outcome in either.run(odd_ones_fail, range(10))}
    assert sorted(outcomes) == list(range(10))
    assert {task for task, outcome in outcomes.items() if outcome.error is None} == set(range(0, 10, 2))
    assert {type(outcomes[task].error) for task in range(1, 10, 2)} == {ValueError}
    assert str(outcomes[3].error) == "3 is odd"


def test_our_errors_arrive_with_all_they_know(either: Pool) -> None:
    """Also where the message is longer than the 10 000 characters after which Dask cuts."""
    issues = [Issue("too small", "raise it", "buses.csv", row, "vm_min_pu", "0") for row in range(500)]
    diagnosis = [{"constraint": "voltage", "relax_by": 0.01}]
    infeasible = InfeasibleError("no dispatch", diagnosis, unbounded=True)
    found = errors(either.run(raised, [InputError(issues), InputError("plain"), infeasible]))
    assert isinstance(found[0], InputError)
    assert found[0].issues == issues
    assert str(found[0]) == str(InputError(issues))
    assert len(str(found[0])) > 10_000
    assert str(found[1]) == str(InputError("plain"))
    assert isinstance(found[2], InfeasibleError)
    assert (str(found[2]), found[2].diagnosis, found[2].unbounded) == ("no dispatch", diagnosis, True)


def subclasses(of: type[Exception]) -> Iterator[type[Exception]]:
    for kind in of.__subclasses__():
        yield kind
        yield from subclasses(kind)


def an_example(kind: type[Exception]) -> Exception:
    """Most are made of their text; a market that was ended is made of who ended it and why."""
    return Aborted(Ending("homes", "it had enough")) if kind is Aborted else kind("text")


def test_every_error_of_ours_survives_the_way(pool: Pool) -> None:
    """Also those written later: whoever adds one with attributes is told when these get lost."""
    ours = [an_example(kind) for kind in {GridPactError, *subclasses(GridPactError)}]
    found = errors(pool.run(raised, ours))
    assert [type(found[number]) for number in range(len(ours))] == [type(error) for error in ours]
    assert [vars(found[number]) for number in range(len(ours))] == [vars(error) for error in ours]
    assert [str(found[number]) for number in range(len(ours))] == [str(error) for error in ours]


def test_a_bug_says_where_on_the_worker_it_was(pool: Pool) -> None:
    (outcome,) = pool.run(odd_ones_fail, [1])
    assert outcome.error is not None
    assert "in odd_ones_fail" in outcome.error.__notes__[0]


class Unsendable(Exception):
    """Can be packed, but not unpacked: it wants two arguments and remembers one."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


class Unpackable:
    def __reduce__(self) -> str:
        raise TypeError("not me")


def unsendable(_: int) -> None:
    raise Unsendable("half", "way")


def unpackable(_: int) -> Unpackable:
    return Unpackable()


def test_what_cannot_be_sent_fails_alone(pool: Pool) -> None:
    assert "halfway" in str(errors(pool.run(unsendable, [0]))[0])
    assert isinstance(errors(pool.run(unpackable, [0]))[0], TypeError)
    found = errors(pool.run(repr, [1, Unpackable(), 2]))
    assert isinstance(found[1], TypeError)
    assert found[0] is found[2] is None


def test_workers_are_processes_with_one_thread_for_linear_algebra(pool: Pool) -> None:
    found = set(values(pool.run(process_and_threads, range(20))).values())
    assert found == {(process.pid, "1", "1") for process in worker_processes()}


def test_workers_keep_what_their_modules_hold_from_batch_to_batch(pool: Pool) -> None:
    first = values(pool.run(kept, range(10)))
    second = values(pool.run(kept, range(10)))
    counts = Counter(pid for pid, _ in [*first.values(), *second.values()])
    assert {pid: max(n for owner, n in second.values() if owner == pid) for pid in counts} == dict(counts)


def test_tasks_leave_only_as_fast_as_outcomes_are_taken(pool: Pool, tmp_path: Path) -> None:
    """Two per worker on their way: when outcome n is handed out, at most n + 4 tasks have begun."""
    for taken, outcome in enumerate(pool.run(partial(in_flight, tmp_path), range(40)), start=1):
        time.sleep(0.01)
        assert outcome.error is None
        assert len(list(tmp_path.iterdir())) <= taken + 4


def long_if_first(number: int) -> int:
    time.sleep(1.5 if number == 0 else 0.01)
    return number


def test_no_task_waits_behind_a_long_one_while_a_worker_is_idle(pool: Pool) -> None:
    """The first task outlasts all others together, so it comes last."""
    assert [outcome.task for outcome in pool.run(long_if_first, range(20))][-1] == 0


def listening(process: psutil.Process) -> set[str]:
    return {c.laddr.ip for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}


def test_everything_listens_on_the_loopback_only(pool: Pool) -> None:
    processes = [psutil.Process(), *worker_processes()]
    addresses = [listening(process) for process in processes]
    assert len(addresses) == 3
    assert all(addresses)
    assert all(ipaddress.ip_address(address).is_loopback for found in addresses for address in found)


INTRUDER = """
import sys
from distributed import Client, Security

for address, security in [(sys.argv[1].replace("tls", "tcp"), None), (sys.argv[1], Security.temporary())]:
    try:
        Client(address, security=security, timeout=1)
        print("in")
    except OSError:
        print("refused")
"""


def test_nobody_without_the_key_gets_in(pool: Pool) -> None:
    """Another user of the machine reaches the port, but neither plainly nor with a key of his own."""
    from distributed import Client

    client: Any = pool.client  # type: ignore[attr-defined]
    address = client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")
    with Client(address, security=client.security, timeout=10, set_as_default=False) as friend:
        assert len(friend.nthreads()) == 2
    output, _ = start(INTRUDER, address).communicate(timeout=60)
    assert output.split() == ["refused", "refused"]


def test_what_dask_shows_in_browsers_is_not_shown(pool: Pool) -> None:
    """Every open port speaks TLS, or has no page at all."""
    for process in [psutil.Process(), *worker_processes()]:
        for port in {c.laddr.port for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}:
            for page in ["", "health", "info/main/workers.html", "json/counts.json", "metrics", "api/v1/shutdown"]:
                with pytest.raises(OSError, match=r"404|reset"):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5)


def test_a_killed_worker_loses_nothing(pool: Pool, tmp_path: Path) -> None:
    """Both workers die once in the middle of a task; tasks end once, and those two begin at least twice."""
    found = values(pool.run(partial(die_at_first, tmp_path, {5, 6}), range(30)))
    assert found == {number: number**2 for number in range(30)}
    assert set(marks(tmp_path, "ended")) == set(range(30))
    assert min(marks(tmp_path, "begun")[number] for number in (5, 6)) >= 2
    assert len(worker_processes()) == 2


def test_a_task_that_always_kills_is_given_up_and_takes_no_other_with_it(pool: Pool, tmp_path: Path) -> None:
    """Two attempts; a third where the result of the task before it was still on its way when the worker died."""
    found = errors(pool.run(partial(die_always, tmp_path, {4}), range(12)))
    assert isinstance(found.pop(4), WorkerLost)
    assert set(found.values()) == {None}
    assert len(found) == 11
    assert marks(tmp_path, "begun")[4] in {2, 3}


def test_a_batch_left_early_leaves_the_pool_usable(pool: Pool) -> None:
    outcomes = pool.run(square, range(1000))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert values(pool.run(square, range(4))) == {0: 0, 1: 1, 2: 4, 3: 9}


def test_closing_a_batch_ends_its_workers_in_the_middle_of_their_tasks() -> None:
    before = {process.pid for process in worker_processes()}
    outcomes = run_batch(slow_after_the_first, range(10), workers=2)
    assert next(outcomes).error is None
    mine = [process for process in worker_processes() if process.pid not in before]
    assert len(mine) == 2
    outcomes.close()  # type: ignore[attr-defined]
    assert [process for process in mine if process.is_running()] == []


def slow_after_the_first(number: int) -> None:
    if number:
        time.sleep(60)


SCRIPT = """
import sys
from gridpact.programs.batch import run_batch
assert not {"dask", "distributed"} & set(sys.modules)

def cube(number):
    if number == 2:
        print("from a task")
    return number ** 3

print(sorted(outcome.value for outcome in run_batch(cube, range(4))))
assert not {"dask", "distributed"} & set(sys.modules)
print(sorted(outcome.value for outcome in run_batch(cube, range(4), workers=2)))
"""


def start(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A script without a main guard, started as a user would, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_script_needs_no_main_guard_and_hears_nothing_of_dask() -> None:
    """What tasks print goes to the standard error, since the standard output may be a document."""
    output, log = start(SCRIPT).communicate(timeout=60)
    assert output.splitlines() == ["from a task", "[0, 1, 8, 27]", "[0, 1, 8, 27]"]
    assert log.splitlines() == ["from a task"]


WAITING = """
import os, sys, time
from gridpact.programs.batch import run_batch

def begin(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece: two workers write here at once
    time.sleep(60)

for outcome in run_batch(begin, range(10), workers=2):
    pass
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_an_interrupted_or_killed_script(how: signal.Signals, tmp_path: Path) -> None:
    """An interrupt goes to the whole group, as from a terminal; a killed script cannot clean up at all."""
    script = start(WAITING, TMPDIR=str(tmp_path))
    assert script.stderr is not None
    workers = [psutil.Process(int(script.stderr.readline())) for _ in range(2)]
    os.killpg(script.pid, how)
    _, log = script.communicate(timeout=30)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
    assert list(tmp_path.iterdir()) == []
    lines = log.splitlines()
    assert lines[-1:] == ([] if how == signal.SIGKILL else ["KeyboardInterrupt"])
    assert sum(line.startswith("Traceback") for line in lines) <= 1


NOTEBOOK = """
import asyncio
from gridpact.programs.batch import run_batch

async def cell():
    return sorted(outcome.value for outcome in run_batch(abs, [-1, -2, 3], workers=2))

print(asyncio.run(cell()))
"""


def test_a_running_event_loop_as_in_a_notebook_does_not_matter() -> None:
    output, log = start(NOTEBOOK).communicate(timeout=60)
    assert (output.strip(), log) == ("[1, 2, 3]", "")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"workers": 0}, "workers"),
        ({"attempts": 0}, "attempts"),
        ({"address": "tcp://10.0.0.1:8786"}, "TLS"),
        ({"address": "10.0.0.1:8786"}, "TLS"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_starts(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        run_batch(square, [1], **arguments)
    with pytest.raises(InputError, match=word), open_pool(**arguments):
        pass


def test_a_cluster_without_certificates_is_refused() -> None:
    with pytest.raises(InputError, match="certificates"):
        next(run_batch(square, [1], address="tls://127.0.0.1:9"))


@contextmanager
def users_cluster() -> Iterator[tuple[Any, Any]]:
    """What a user would start by himself: a scheduler and two workers joined by TLS, and the certificates."""
    from distributed import Security

    from gridpact.programs import cluster

    security = Security.temporary()
    with TemporaryDirectory() as folder, cluster._scheduler(security, Path(folder)) as scheduler:
        order = {"scheduler": scheduler.scheduler_address, "security": cluster._as_text(security)}
        workers = cluster.Workers(["one", "two"], order, Path(folder))
        try:
            cluster._await_ready(workers)
            yield scheduler, security
        finally:
            workers.end()


def test_a_cluster_of_the_user_gives_the_same_and_keeps_nothing() -> None:
    with users_cluster() as (scheduler, security):
        address = scheduler.scheduler_address
        assert values(run_batch(square, range(20), address=address, security=security)) == {
            number: number**2 for number in range(20)
        }
        found = errors(run_batch(odd_ones_fail, range(4), address=address, security=security))
        assert [type(found[number]) for number in range(4)] == [type(None), ValueError] * 2
        assert len(scheduler.scheduler.workers) == 2
        deadline = time.monotonic() + 10
        while scheduler.scheduler.tasks and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not scheduler.scheduler.tasks


def test_a_cluster_of_the_user_that_goes_away_is_said_to_be_gone() -> None:
    with users_cluster() as (scheduler, security):
        outcomes = run_batch(slow_after_the_first, range(9), address=scheduler.scheduler_address, security=security)
        assert next(outcomes).error is None
        scheduler.close()
        with pytest.raises(WorkerLost, match="connection"):
            list(outcomes)


def test_workers_that_do_not_start_are_said_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(WorkerLost, match="exit code 1"):
        next(run_batch(square, [1, 2], workers=2))


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(3))
def test_workers_killed_at_random_lose_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every one or two seconds one worker or both are killed, whatever they do; every task still comes back once.

    On a busy machine that may hit several in a row before they are ready, which else counts as unable to start.
    """
    monkeypatch.setattr("gridpact.programs.cluster.START_FAILURES", 1000)
    random = np.random.default_rng(seed)
    done = threading.Event()
    kills = 0

    def killer() -> None:
        nonlocal kills
        while not done.wait(random.uniform(0.8, 2.0)):
            for process in worker_processes()[: random.integers(1, 3)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
                    kills += 1

    with open_pool(workers=2, attempts=1000) as pool:
        others = {process.pid for process in worker_processes()}
        thread = threading.Thread(target=killer)
        thread.start()
        try:
            found = values(pool.run(nap, range(600)))
        finally:
            done.set()
            thread.join()
        assert found == {number: number for number in range(600)}
        assert kills > 3
        assert others.isdisjoint(process.pid for process in worker_processes())


def nap(number: int) -> int:
    time.sleep(0.02)
    return number


@pytest.mark.campaign
def test_memory_stays_flat_over_many_tasks() -> None:
    """8000 tasks that each return 50 kB: 400 MB would pile up; the scheduler's process grows by less than 60."""
    with open_pool(workers=2) as pool:
        outcomes = pool.run(bytes, [50_000] * 8000)
        for _ in range(1000):
            next(outcomes)
        before = psutil.Process().memory_info().rss
        assert all(outcome.error is None for outcome in outcomes)
        assert psutil.Process().memory_info().rss - before < 60e6
