"""Documents of pages, computed one after another by a process of its own, so that no live view waits for one.

The process has the lowest priority, keeps the compiled engine and the latest runs between jobs, and is ended when its
job is cancelled.
A document is a function of document, question and arguments, so what was asked before is answered from memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any

from deflator.ensemble import Question
from deflator.errors import Fault
from deflator.messages import text
from deflator.web.limits import Limits
from deflator.web.names import missing
from deflator.web.refusals import BusyError, told

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
_COMMAND = (sys.executable, "-m", "deflator.web.job_process")


@dataclass
class Job:
    """One document that was asked for.

    Parameters
    ----------
    id
        By its content: whoever asks the same gets the same job.
    task
        Document, question and arguments, as the process gets them; None once it is done.
    status
        One of `queued`, `running`, `done`, `failed` and `cancelled`.
    done, total
        What was done of what there is to do, as far as that is known.
    document
        The bytes of the document, JSON.
    faults
        Why there is none.
    """

    id: str
    task: bytes | None
    status: str = QUEUED
    done: int = 0
    total: int = 0
    started: float = 0.0
    document: bytes | None = None
    faults: list[Fault] = field(default_factory=list)

    def as_json(self, ahead: int = 0) -> bytes:
        """Return the state of the job."""
        left = None
        if self.status == RUNNING and 0 < self.done < self.total:
            left = (time.monotonic() - self.started) * (self.total - self.done) / self.done
        head = {
            "job": self.id, "status": self.status, "done": self.done, "total": self.total, "seconds_left": left,
            "ahead": ahead, "faults": [told(fault) for fault in self.faults],
        }  # fmt: skip
        if self.document is None:
            return json.dumps(head).encode()
        return json.dumps(head).encode()[:-1] + b', "document": ' + self.document + b"}"


class Jobs:
    """The queue of documents, and what was answered.

    Parameters
    ----------
    limits
        How many may wait, how many answers are kept.
    warm
        Set when the engine is compiled: two processes that compile it at once would take twice as long.
    """

    def __init__(self, limits: Limits, warm: threading.Event) -> None:
        self._limits, self._warm = limits, warm
        self._change = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._place: tempfile.TemporaryDirectory[str] | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to work on the queue."""
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="deflator-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the job that is under way, and stop."""
        with self._change:
            self._closed = True
            self._end_process()
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()

    def ask(self, document: str, question: Question, arguments: Mapping[str, Any]) -> bytes:
        """Find or start the job for a document, and return its state.

        Raises
        ------
        BusyError
            When too many wait.
        """
        name = hashlib.sha256(repr((document, question.name, question.book.name, sorted(arguments.items()))).encode())
        number = name.hexdigest()[:20]
        with self._change:
            job = self._jobs.get(number)
            if job is None or job.status in (FAILED, CANCELLED):
                if len(self._waiting) >= self._limits.jobs:
                    message = f"{len(self._waiting)} answers are waited for already"
                    raise BusyError([Fault("", 0, "", message, "try again when some are there")])
                job = Job(number, pickle.dumps((document, question, dict(arguments))))
                self._jobs[number] = job
                self._waiting.append(job)
                self._change.notify_all()
            self._jobs.move_to_end(number)
            self._forget()
            return self._state(job)

    def state(self, number: str) -> bytes:
        """Return the state of a job.

        Raises
        ------
        MissingError
            When there is none of that number.
        """
        with self._change:
            return self._state(self._find(number))

    def cancel(self, number: str) -> bytes:
        """Take a job back; if it is under way, its process is ended.

        Raises
        ------
        MissingError
            When there is none of that number.
        """
        with self._change:
            job = self._find(number)
            if job.status in (QUEUED, RUNNING):
                running = job is self._running
                job.status, job.task = CANCELLED, None
                with suppress(ValueError):
                    self._waiting.remove(job)
                if running:
                    self._end_process()
            return self._state(job)

    def _find(self, number: str) -> Job:
        job = self._jobs.get(number)
        if job is None:
            raise missing("answer", "job", number, [])
        return job

    def _state(self, job: Job) -> bytes:
        ahead = list(self._waiting).index(job) + (self._running is not None) if job in self._waiting else 0
        return job.as_json(ahead)

    def _forget(self) -> None:
        """Forget the answers that were asked for longest ago, until few enough are held."""
        over = [job for job in self._jobs.values() if job.status not in (QUEUED, RUNNING)]
        size = sum(len(job.document or b"") for job in over)
        for job in over[:-1]:
            if len(self._jobs) <= self._limits.answers and size <= self._limits.answer_bytes:
                return
            del self._jobs[job.id]
            size -= len(job.document or b"")

    def _work(self) -> None:
        while True:
            with self._change:
                while not self._closed and not self._waiting:
                    self._change.wait()
                if self._closed:
                    return
                job = self._running = self._waiting.popleft()
                job.status, job.started = RUNNING, time.monotonic()
                task = job.task
            try:
                self._compute(job, task or b"")
            except (OSError, EOFError, ValueError):
                self._finish(job, FAILED, faults=[Fault("", 0, "", text("web.failed"))])
                with self._change:
                    self._end_process()
            with self._change:
                self._running = None
                self._forget()

    def _compute(self, job: Job, task: bytes) -> None:
        """Have the process compute a job, and hear how far it is."""
        while not self._warm.wait(0.2):
            if self._closed or job.status == CANCELLED:
                return
        with self._change:
            if self._closed or job.status == CANCELLED:
                return
            process = self._process
            if process is None or process.poll() is not None:
                self._end_process()
                self._place = tempfile.TemporaryDirectory(prefix="deflator-jobs-", ignore_cleanup_errors=True)
                process = self._process = _started(self._place.name)
        assert process.stdin is not None
        assert process.stdout is not None
        write_message(process.stdin, task)
        while True:
            message = read_message(process.stdout)
            kind, body = message[:1], message[1:]
            if kind == b"p":
                job.done, job.total = struct.unpack("<qq", body)
            elif kind == b"d":
                self._finish(job, DONE, document=body)
                return
            else:
                self._finish(job, FAILED, faults=[Fault(*one) for one in json.loads(body)])
                return

    def _finish(self, job: Job, status: str, document: bytes | None = None, faults: list[Fault] | None = None) -> None:
        with self._change:
            if job.status != CANCELLED:
                job.status, job.document, job.faults, job.task = status, document, faults or [], None

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        if self._place is not None:
            self._place.cleanup()


def _started(place: str) -> subprocess.Popen[bytes]:
    """Start the process that computes documents; what it writes for a moment lies in a place to be removed."""
    environment = os.environ | {"TMPDIR": place}
    return subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def write_message(pipe: IO[bytes], message: bytes) -> None:
    """Write a message behind its length."""
    pipe.write(struct.pack("<Q", len(message)) + message)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> bytes:
    """Read a message that `write_message` wrote.

    Raises
    ------
    EOFError
        When the other side is gone.
    """
    head = pipe.read(8)
    (length,) = struct.unpack("<Q", head) if len(head) == 8 else (1,)
    message = pipe.read(length)
    if len(head) < 8 or len(message) < length:
        raise EOFError
    return message
