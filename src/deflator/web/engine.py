"""The one thread that owns the engine, and who is served next.

A session is one live view. Its latest question wins: a run for an older one is abandoned between two chunks of paths.
Sessions take turns: first each gets a preview of what it asked last, then those that want full fidelity are refined
chunk by chunk, a bounded number of them at a time so that the paths held in memory are bounded. A session whose client
has not taken its last frame is passed over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from deflator.analysis.instant import Kept, Subject, figures_of
from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import Workers, simulate_all, varied
from deflator.engine.pack import list_requests
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Question
from deflator.ensemble.chunks import compile_once
from deflator.ensemble.runner import Simulation
from deflator.errors import DeflatorError, Fault
from deflator.messages import text
from deflator.scenario.vocabulary import channels
from deflator.web.asking import question_of
from deflator.web.bodies import Asked
from deflator.web.frames import frame
from deflator.web.limits import Limits
from deflator.web.refusals import told
from deflator.web.shelf import Shelf

#: Paths of a preview; of a step of refinement; and after how many of them a frame is sent, before all are there.
PREVIEW, STEP = 128, 128
STAGES = (512, 1_280, 2_560)
_BASES, _FRAMES = 6, 64
_log = logging.getLogger("deflator.web")


@dataclass
class Ask:
    """One question of one session.

    Parameters
    ----------
    id
        Number that the client gave it.
    asked
        What is asked.
    full
        Whether full fidelity is wanted after the preview.
    since
        When it came.
    """

    id: int
    asked: Asked
    full: bool
    since: float = field(default_factory=time.perf_counter)


@dataclass
class _Under:
    """A question that is under way: what is simulated, and the paths so far."""

    ask: Ask
    question: Question
    setting: Setting
    subject: Subject
    parts: list[Kept] = field(default_factory=list)
    paths: int = 0
    engine_seconds: float = 0.0


class Session:
    """One live view, as the engine's thread sees it.

    Parameters
    ----------
    deliver
        Takes a frame; called in the engine's thread, and must not wait.
    """

    def __init__(self, deliver: Callable[[bytes], None]) -> None:
        self.deliver = deliver
        self.asked: Ask | None = None
        self.under_way: _Under | None = None
        self.refining = False
        self.ready = True
        self.cancelled: int | None = None
        self.turns = 0


class _Base:
    """A book with drawn figures, to which every course of drivers and every set of channels can be applied."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.subject = setting, Subject.of(setting)


class Engine:
    """Serves sessions in a thread of its own until it is closed.

    Parameters
    ----------
    shelf
        Books and scenarios.
    limits
        Sessions that are refined at a time, paths of a live run.
    threads
        Threads for one simulation; all processors when None.
    """

    def __init__(self, shelf: Shelf, limits: Limits, threads: int | None = None) -> None:
        self._shelf, self._limits, self._threads = shelf, limits, threads
        self._change = threading.Condition()
        self._sessions: OrderedDict[int, Session] = OrderedDict()
        self._bases: OrderedDict[Any, _Base] = OrderedDict()
        self._frames: OrderedDict[Any, tuple[dict[str, Any], dict[str, Any]]] = OrderedDict()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._workers: Workers | None = None
        self.warm = threading.Event()

    def start(self, warm_up: Asked | None = None) -> None:
        """Start the thread; `warm_up` is simulated first, which compiles what is not yet compiled."""
        if warm_up is not None:
            session = Session(lambda _: None)
            session.asked = Ask(0, warm_up, full=False)
            self._sessions[id(session)] = session
        else:
            self.warm.set()
        self._closed = False
        self._workers = Workers(self._threads)
        self._thread = threading.Thread(target=self._work, name="deflator-engine", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the chunk that is under way."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
        if self._workers is not None:
            self._workers.close()

    def join(self, session: Session) -> None:
        """Let a session take turns."""
        with self._change:
            self._sessions[id(session)] = session

    def leave(self, session: Session) -> None:
        """Forget a session and all that was computed for it alone."""
        with self._change:
            self._sessions.pop(id(session), None)
            session.asked = session.under_way = None

    def ask(self, session: Session, ask: Ask) -> None:
        """Put a question in the place of whatever the session asked before."""
        with self._change:
            session.asked, session.refining = ask, False
            self._change.notify_all()

    def cancel(self, session: Session, number: int) -> None:
        """Take back a question, if it is the latest one."""
        with self._change:
            if session.asked and session.asked.id == number:
                session.asked = None
            session.cancelled, session.refining = number, session.refining and not _is_of(session, number)

    def taken(self, session: Session) -> None:
        """Hear that a client took the last frame."""
        with self._change:
            session.ready = True
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                session = None
                while not self._closed and (session := self._next()) is None:
                    self._change.wait()
                if self._closed or session is None:
                    return
                self._sessions.move_to_end(id(session))
                session.turns += 1
                ask, session.asked = session.asked, None
            try:
                if ask is not None:
                    self._preview(session, ask)
                else:
                    self._refine(session)
            except Exception:  # the thread serves all sessions: no fault of one may end it
                _log.exception("a live question could not be answered")
                self._tell(session, ask, [Fault("", 0, "", text("web.failed"))])
            self.warm.set()

    def _next(self) -> Session | None:
        """Return whose turn it is: a question before a refinement, and of each kind who waited longest."""
        ready = [session for session in self._sessions.values() if session.ready]
        for session in ready:
            if session.asked is not None:
                return session
        refining = [session for session in ready if session.refining]
        if not refining:
            return None
        begun = [session for session in refining if session.under_way and session.under_way.paths > PREVIEW]
        return refining[0] if len(begun) < self._limits.refining else begun[0]

    def _preview(self, session: Session, ask: Ask) -> None:
        """Answer the latest question of a session from few paths, or at once if its full answer is known."""
        try:
            question = question_of(_bounded(ask.asked, self._limits), self._shelf)
            known = self._frames.get(question.name)
            if known is not None:
                self._frames.move_to_end(question.name)
                self._send(session, ask, *known, stage="full", engine_seconds=0.0)
                session.under_way = None
                return
            under = session.under_way
            if under is None or under.question.name != question.name:
                under = _Under(ask, question, *self._setting(question))
                session.under_way = under
            under.ask = ask
            if not under.parts:
                self._simulate(under, PREVIEW)
            self._answer(session, under)
        except DeflatorError as error:
            session.under_way = None
            self._tell(session, ask, error.faults)
            return
        with self._change:
            wanted = ask.full and session.asked is None and session.cancelled != ask.id
            session.refining = wanted and under.paths < question.paths_used

    def _refine(self, session: Session) -> None:
        """Simulate one more step of a question, and send what is known where a stage is reached."""
        under = session.under_way
        if under is None:
            session.refining = False
            return
        before = under.paths
        self._simulate(under, STEP)
        done = under.paths >= under.question.paths_used
        with self._change:
            if not session.refining or session.under_way is not under:
                return
            session.refining = not done
        if done or any(before < stage <= under.paths for stage in STAGES):
            try:
                self._answer(session, under)
            except DeflatorError as error:
                session.refining = False
                self._tell(session, under.ask, error.faults)

    def _simulate(self, under: _Under, most: int) -> None:
        setting, question = under.setting, under.question
        compile_once(Simulation(setting.economy, question.seed, question.chance))
        start = time.perf_counter()
        count = min(most, question.paths_used - under.paths)
        found = simulate_all(setting, count, workers=self._workers, first_path=under.paths)
        under.parts.append(Kept.of(found))
        under.paths += count
        under.engine_seconds += time.perf_counter() - start

    def _answer(self, session: Session, under: _Under) -> None:
        """Send what the paths so far say."""
        if len(under.parts) > 1:
            under.parts = [Kept.joined(under.parts)]
        question = under.question
        full = under.paths >= question.paths_used
        stage = "full" if full else "preview" if under.paths <= PREVIEW else "refining"
        arrays = figures_of(under.subject, under.parts[0], question.chance, ranges=stage != "preview")
        header = {**_heading(question, under.subject), "paths": under.paths}
        if full:
            self._frames[question.name] = header, arrays
            while len(self._frames) > _FRAMES:
                self._frames.popitem(last=False)
            session.under_way = None
        self._send(session, under.ask, header, arrays, stage, under.engine_seconds)
        under.engine_seconds = 0.0

    def _send(
        self,
        session: Session,
        ask: Ask,
        header: dict[str, Any],
        arrays: dict[str, Any],
        stage: str,
        engine_seconds: float,
    ) -> None:
        spent = {"seconds": time.perf_counter() - ask.since, "engine_seconds": engine_seconds}
        self._hand_over(session, frame({"id": ask.id, "stage": stage, **spent, **header}, arrays))

    def _tell(self, session: Session, ask: Ask | None, faults: Any) -> None:
        """Say what is wrong with a question."""
        number = ask.id if ask else session.under_way.ask.id if session.under_way else 0
        session.refining = False
        self._hand_over(session, frame({"id": number, "faults": [told(fault) for fault in faults]}, {}))

    def _hand_over(self, session: Session, data: bytes) -> None:
        session.ready = False
        session.deliver(data)

    def _setting(self, question: Question) -> tuple[Setting, Subject]:
        """Return what is to be simulated; figures are drawn and packed once for all courses of drivers."""
        scenario, book = question.scenario, question.book
        plain = replace(scenario, drivers={}, channels=dict.fromkeys(channels(), True))
        key = (
            book.fingerprint, question.draws_used, question.seed, question.ignorance, plain.fingerprint,
        )  # fmt: skip
        base = self._bases.get(key)
        if base is None:
            base = _Base(prepare(replace(question, scenario=plain)))
            self._bases[key] = base
            while len(self._bases) > _BASES:
                self._bases.popitem(last=False)
        self._bases.move_to_end(key)
        off = [name for name in CHANNELS if not scenario.channels[name]]
        setting = varied(base.setting, off, list_requests(book, scenario)._asdict())
        return replace(setting, question=question), base.subject


def _is_of(session: Session, number: int) -> bool:
    return session.under_way is not None and session.under_way.ask.id == number


def _bounded(asked: Asked, limits: Limits) -> Asked:
    """Return what is asked with no more paths than a live run may have."""
    return asked if asked.paths <= limits.live_paths else asked.model_copy(update={"paths": limits.live_paths})


def _heading(question: Question, subject: Subject) -> dict[str, Any]:
    """Return what a page needs to know of an answer besides its figures."""
    book, scenario = question.book, question.scenario
    return {
        "draws": question.draws_used,
        "as_of": book.as_of,
        "months": subject.months,
        "book": book.name,
        "scenario": scenario.title,
        "fingerprint": scenario.fingerprint,
        "book_fingerprint": book.fingerprint,
        "run": question.name,
        "disclaimer": text("common.disclaimer"),
        "firms": subject.names("firm"),
        "layers": subject.names("layer"),
        "cohorts": subject.names("cohort"),
        "holders": list(subject.entities),
        "labels": subject.labels,
        "layer_of": subject.layer_of,
    }
