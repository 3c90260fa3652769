"""`make chaos`: processes are killed and PostgreSQL is stopped while hundreds of jobs run. None is lost, none is made twice.

    python -m tests.chaos [ROUNDS] [SEED]

Two servers, two workers, a PostgreSQL and the providers, each a process of its own. Callers keep AIM jobs on their way and send
again what honest clients send again. In every round, at a random moment, one or more processes of the gateway are killed and
started again; then PostgreSQL is stopped and started, in order and as by a crash. In the end the providers' memory is the truth:
the ledger and what callers were told have to agree with it. Virtual keys pay for it: what budgets hold and have used has to
be what their jobs hold and came to.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import requests

from tests.books import Books, accounts, made, rows
from tests.chaos.callers import AT_ONCE, HEADERS, Callers, Create
from tests.chaos.house import ARCHIVE, House, Mode, Postgres, Process, Upstream, configuration
from tests.chaos.money import purses
from tests.chaos.upstream import contested

ROUNDS = 100
OUTAGES: tuple[tuple[Mode, float], ...] = (
    *(("fast", 0.0), ("immediate", 1.0), ("fast", 4.0), ("immediate", 8.0), ("fast", 14.0)),
    *(("immediate", 0.0), ("fast", 1.0), ("immediate", 3.0), ("fast", 7.0), ("immediate", 20.0)),
)
"""How PostgreSQL is stopped, and for how many seconds it stays away."""

FEWEST = 200  # jobs on their way at any time
ENOUGH = 330  # jobs that have to be on their way before anything is done to them
AIM = 400  # jobs on their way at which callers pause
BURST = 15  # creates that are begun all the same when PostgreSQL is about to stop, and again when it has
LONG = 3.0  # seconds without PostgreSQL in which a process is killed too
LOOK = 0.25  # seconds between two looks at the ledger
CALM = 20.0  # seconds after which nothing moves from one process to another any more
BACK = 10.0  # seconds in which a server answers again after its database is back
AFTERMATH = 300.0  # seconds for everything to end
VICTIMS = (
    (("server",), 40),
    (("worker",), 38),
    (("server", "worker"), 12),
    (("server", "server"), 4),
    (("worker", "worker"), 4),
    (("server", "server", "worker", "worker"), 2),
)
"""What is killed in one round, and how often of a hundred."""


class Watch:
    """Looks at the ledger all the time: how many jobs are on their way, and which were ever unknown."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.on_their_way = 0
        self.fewest: int | None = None  # since `begin`
        self.unknown: set[str] = set()
        self._counting = False
        threading.Thread(target=self._look_for_ever, daemon=True).start()

    def begin(self) -> None:
        self.fewest, self._counting = None, True

    def end(self) -> None:
        self._counting = False

    def _look_for_ever(self) -> None:
        while True:
            with suppress(psycopg.Error):
                self._look()
            time.sleep(LOOK)

    def _look(self) -> None:
        query = "SELECT id, state, status FROM jobs WHERE status IN ('queued', 'in_progress') OR state = 'unknown'"
        seen = self._postgres.ask(query)
        self.unknown |= {job for job, state, _ in seen if state == "unknown"}
        self.on_their_way = sum(status in ("queued", "in_progress") for _, _, status in seen)
        if self._counting:
            self.fewest = min(self.on_their_way, self.fewest if self.fewest is not None else self.on_their_way)


class Chaos:
    def __init__(self, house: House, rounds: int, seed: int) -> None:
        self.rounds, self.chance = rounds, random.Random(seed)
        self.began = time.monotonic()
        self.archive = house.folder / ARCHIVE
        self.upstream, self.postgres = Upstream(house), Postgres(house)
        config = configuration(house, self.upstream)
        self.servers = [Process(house, "server", number, self.postgres.url, config) for number in (1, 2)]
        self.workers = [Process(house, "worker", number, self.postgres.url, config) for number in (1, 2)]
        self.kills: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.away: list[float] = []  # seconds until the servers answered again, by outage

    def run(self) -> int:
        wait_until(lambda: all(process.ready for process in self._processes), 60, "the processes are ready")
        self.watch = Watch(self.postgres)
        self.purses = purses(self.servers[0].url)
        self.callers = Callers(self.servers, self.purses, self.chance.random(), lambda: self.watch.on_their_way < AIM)
        wait_until(lambda: self.watch.on_their_way >= AIM, 60, f"{AIM} jobs are on their way")
        self.watch.begin()
        self._kill_processes()
        self._stop_postgres()
        self.watch.end()
        self.say("callers stop")
        self.callers.stop()
        self._await_ends()
        self._send_lost_again()
        self._check_callers()
        self._check_processes()
        self._check_archive()
        self._close_books()
        return 1 if self.wrong else 0

    @property
    def _processes(self) -> list[Process]:
        return [*self.servers, *self.workers]

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:5.0f} s  {what}", flush=True)

    # ---- what is done to it ------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Wait until there is something to be lost: jobs, and a server and a worker that live."""

        def ready() -> bool:
            alive = {process.kind for process in self._processes if process.ready}
            return self.watch.on_their_way >= ENOUGH and len(alive) == 2

        wait_until(ready, 60, f"{ENOUGH} jobs are on their way, and a server and a worker are ready")

    def _kill_processes(self) -> None:
        began = time.time()
        for number in range(1, self.rounds + 1):
            self._ready()
            time.sleep(self.chance.uniform(0.5, 3.0))
            kinds = self.chance.choices([kinds for kinds, _ in VICTIMS], [share for _, share in VICTIMS])[0]
            victims: list[Process] = []
            for kind in kinds:
                victims.append(
                    self.chance.choice([each for each in self._processes if each.kind == kind and each not in victims])
                )
            for victim in victims:
                self.kills[victim.kind] += 1
                victim.kill()
            if number % 10 == 0 or number == self.rounds:
                self.say(
                    f"round {number}: {self.watch.on_their_way} jobs on their way, {len(self.callers.creates)} creates"
                )
        self.killing = began, time.time()
        wait_until(lambda: all(process.ready for process in self._processes), 60, "everything is up again")
        for process in self._processes:
            if process.left:
                self.wrong.append(f"{process.name} ended by itself: {dict(process.left)}")

    def _stop_postgres(self) -> None:
        for mode, seconds in OUTAGES:
            self._ready()
            time.sleep(self.chance.uniform(4, 8))
            self.callers.more(BURST)
            with self.postgres.away(mode):
                self.callers.more(BURST)
                time.sleep(seconds / 2)
                if seconds >= LONG:  # then somebody has to start without a database
                    victim = self.chance.choice(self._processes)
                    self.kills[victim.kind] += 1
                    victim.kill()
                time.sleep(seconds / 2)
            back = time.monotonic()
            wait_until(lambda: all(answers(server) for server in self.servers), 60, "both servers answer")
            self.away.append(time.monotonic() - back)
            self.say(f"PostgreSQL was away ({mode}) for {seconds:g} s; servers answered {self.away[-1]:.1f} s later")
        if max(self.away) > BACK:
            self.wrong.append(f"a server took {max(self.away):.1f} s to answer again")
        wait_until(lambda: all(process.ready for process in self._processes), 60, "everything is up again")

    # ---- the aftermath -----------------------------------------------------------------------------------------

    def _await_ends(self) -> None:
        self.say("waiting for everything to end")
        until = time.monotonic() + AFTERMATH
        while self.watch.on_their_way and time.monotonic() < until:  # what has not ended by then is found below
            with suppress(AssertionError):
                wait_until(lambda: self.watch.on_their_way == 0, 30, "every job has ended")
            by_state = self.postgres.ask("SELECT state, count(*) FROM jobs GROUP BY 1 ORDER BY 1")
            self.say(", ".join(f"{count} {state}" for state, count in by_state))
        time.sleep(2 * LOOK)

    def _send_lost_again(self) -> None:
        """What the gateway says was never made may be sent again, with the same key too."""
        # But not where the request never reached the provider, who would drop it now.
        lost = {
            row.prompt for row in rows(self.postgres.url) if row.lost and (row.attempts or "drop" not in row.prompt)
        }
        self.again = [create for create in self.callers.creates if create.prompt in lost]
        self.before = {create.number: create.video_id for create in self.again}
        self.say(f"{len(self.again)} creates that were never made are sent again")
        for create in self.again:
            create.video_id = None
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda create: self.callers.see_through(create, random.Random(create.number)), self.again))
        with suppress(AssertionError):
            wait_until(lambda: self._unended() == 0, AFTERMATH, "they have ended too")

    def _unended(self) -> int:
        return int(self.postgres.ask("SELECT count(*) FROM jobs WHERE status IN ('queued', 'in_progress')")[0][0])

    # ---- what has to hold --------------------------------------------------------------------------------------

    def _check_callers(self) -> None:
        """Every id that a caller was given is answered, and has ended; every answer was one that is documented."""
        self.ended: Counter[str] = Counter()

        def end(create: Create) -> str:
            given = [create.video_id, self.before.get(create.number)]
            ended = [self._status(create, video_id) for video_id in given if video_id is not None]
            return (
                " and ".join([*ended, *(["refused for want of money"] if create.refused else [])]) or "never answered"
            )

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for create, status in zip(self.callers.creates, pool.map(end, self.callers.creates), strict=True):
                self.ended[status] += 1
                if not set(status.split(" and ")) <= {"completed", "failed", "refused for want of money"}:
                    self.wrong.append(f"create {create.number} ({create.video_id}): {status}; told {create.answers}")
        for answer in self.callers.answers:
            if not answer.as_documented:
                self.wrong.append(f"{answer.server} answered {answer.what} after {answer.ended - answer.began:.1f} s")
        during = [
            answer
            for answer in self.callers.answers
            if any(began <= answer.began and answer.ended <= ended for began, ended in self.postgres.down)
        ]
        self.refused = Counter(answer.what for answer in during)
        self.wrong += [
            f"{answer.server} answered {answer.what} without a database" for answer in during if answer.what == "200"
        ]

    def _status(self, create: Create, video_id: str) -> str:
        answer = requests.get(f"{self.servers[0].url}/v1/videos/{video_id}", headers=create.headers, timeout=30)
        return str(answer.json()["status"]) if answer.status_code == 200 else f"{answer.status_code}"

    def _check_processes(self) -> None:
        for process in self._processes:
            if process.left["ready"]:
                self.wrong.append(f"{process.name} ended by itself {process.left['ready']} times")
        calm_from = self.postgres.down[-1][1] + CALM if self.postgres.down else self.killing[1]
        self.polls, rivals = contested(self.upstream.folder, [self.killing, (calm_from, time.time())])
        self.contested = len(rivals)
        self.wrong += rivals
        codes = {process.name: process.retire() for process in self._processes}
        self.wrong += [f"{name} ended with {code}" for name, code in codes.items() if code]

    def _check_archive(self) -> None:
        """Every completed job has its file, whole, and there are no others."""
        known = dict(
            self.postgres.ask(
                "SELECT coalesce(files.key, jobs.id), sha256 FROM jobs LEFT JOIN files ON job_id = jobs.id "
                "WHERE state = 'completed'"
            )
        )
        kept = {
            str(path.relative_to(self.archive)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.archive.rglob("*")
            if path.is_file()
        }
        self.files = len(kept)
        self.wrong += [f"{key} is in the archive and should not be" for key in sorted(kept.keys() - known.keys())]
        self.wrong += [f"{key} is not in the archive" for key in sorted(known.keys() - kept.keys())]
        self.wrong += [f"{key} is not what was kept" for key in kept.keys() & known.keys() if kept[key] != known[key]]

    def _close_books(self) -> None:
        books = Books(rows(self.postgres.url), made(self.upstream.folder), self.watch.unknown)
        self.wrong += books.wrong
        self.money = accounts(self.postgres.url, self.purses.ids)
        self.wrong += self.money.wrong
        if not any(create.refused for create in self.callers.creates):
            self.wrong.append("nobody was refused for want of money")
        failed = Counter(
            f"{row.provider}: {row.error}" for row in books.ledger if row.state == "failed" and not row.lost
        )
        if failed:
            self.wrong.append(f"jobs failed, though none had to: {listed(failed)}")
        if (self.watch.fewest or 0) < FEWEST:
            self.wrong.append(f"only {self.watch.fewest} jobs were on their way at a time")
        creates, sent = len(self.callers.creates), sum(create.sent for create in self.callers.creates)
        self.say("done\n")
        print(f"{self.rounds} rounds; killed: {listed(self.kills)}; PostgreSQL stopped {len(OUTAGES)} times")
        print(f"never fewer than {self.watch.fewest} jobs on their way")
        print(f"{creates} creates by callers, sent {sent} times, answered: {listed(self.callers.told())}")
        left = Counter("starts that failed" for each in self._processes for _ in range(each.left["starting"]))
        print(
            f"while PostgreSQL was away: {listed(self.refused + left)}; servers answered {max(self.away):.1f} s later at most"
        )
        print(f"{len(books.ledger)} jobs in the ledger: {listed(Counter(row.state for row in books.ledger))}")
        print(f"{len(books.upstream)} jobs upstream, {books.explained} of them of a create that stays unknown")
        print(
            f"{len(books.ever_unknown)} creates were unknown for a while: {len(books.adopted)} adopted, "
            f"{len(books.closed)} closed, {len(books.resolved)} resolved by their own process, "
            f"{len(books.unknown)} stay unknown, for want of a list"
        )
        print(f"{self.files} files in the archive, each whole and of a completed job, unless it is said below")
        print(
            f"${self.money.total} for {len(self.money.bills)} jobs, in {len(self.money.meters)} budgets and limits that "
            "agree with them to the cent, unless it is said below"
        )
        print(f"{self.polls} questions about jobs, {self.contested} jobs asked about by two processes at once")
        print(f"for callers their creates ended as: {listed(self.ended)}")
        print(f"{len(self.wrong)} things are wrong")
        for what in self.wrong[:40]:
            print(f"  {what}")


def listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing"


def answers(server: Process) -> bool:
    """Whether a server can read from its database."""
    try:
        return requests.get(f"{server.url}/v1/videos?limit=1", headers=HEADERS, timeout=10).status_code == 200
    except requests.RequestException:
        return False


def wait_until(happened: object, patience: float, what: str) -> None:
    assert callable(happened)
    until = time.monotonic() + patience
    while not happened():
        if time.monotonic() > until:
            raise AssertionError(f"after {patience:g} s it is not so that {what}")
        time.sleep(0.1)


def main(rounds: int = ROUNDS, seed: int = 1) -> int:
    with House() as house:
        failed = Chaos(house, rounds, seed).run()
        if failed:
            house.keep()
            print(f"every log is kept in {house.folder}")
        return failed


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
