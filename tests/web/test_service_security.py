"""Hostile input: refused or made harmless, and nobody else notices."""

import io
import json
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from served import BOOK, Service, ask, heard, question, serving
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from deflator.book import load_book, write_book
from deflator.cli import app as program
from deflator.web.guard import HEADERS, rules_for
from deflator.web.limits import Limits
from deflator.web.serving import Impatient

TOKEN = "a-token_of-24-characters"


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.address, timeout=60.0) as found:
        yield found


def message_of(answer: httpx2.Response) -> str:
    return answer.json()["faults"][0]["message"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.", "", "a b", "[::1", "0"])
@pytest.mark.parametrize("path", ["/", "/api/start", "/openapi.json", "/assets/dashboard.js"])
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(service: Service, host: str, path: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := raw.recv(65536):
            answer += piece

    assert answer.split(b" ", 2)[1] in (b"421", b"400")
    assert b"start" not in answer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST:99"])
def test_this_machine_is_known_by_its_own_names(client: httpx2.Client, host: str) -> None:
    assert client.get("/api/docs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://", "http://[", "x"])
def test_what_changes_something_comes_from_the_page_itself(
    client: httpx2.Client, service: Service, origin: str
) -> None:
    headers = {"origin": origin}
    requests = [
        ("POST", "/api/scenarios"), ("POST", "/api/answers"), ("POST", "/api/books"), ("DELETE", "/api/books/x"),
        ("DELETE", "/api/scenarios/x"), ("DELETE", "/api/answers/x"), ("POST", "/api/books/x/save"),
    ]  # fmt: skip
    for method, path in requests:
        assert client.request(method, path, headers=headers, json={}).status_code == 403, path
    with pytest.raises(InvalidStatus), service.live(origin=origin):
        pass


def test_the_page_itself_is_heard(service: Service, client: httpx2.Client) -> None:
    body = {"scenario": "base"}
    assert client.post("/api/scenarios/check", json=body, headers={"origin": service.address}).status_code == 200
    with service.live(origin=service.address) as live:
        ask(live, 1, question())
        assert heard(live)[0]["id"] == 1


def test_another_site_cannot_read_by_embedding(client: httpx2.Client) -> None:
    assert client.get("/api/start", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200  # a link to the page


@pytest.mark.parametrize("path", ["/", "/api/start", "/api/nothing", "/nothing", "/api/docs", "/openapi.json"])
def test_every_answer_keeps_the_page_to_itself(client: httpx2.Client, path: str) -> None:
    headers = client.get(path).headers

    for name, value in HEADERS.items():
        assert headers[name] == value
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "server" not in headers
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "name",
    ["%2e%2e%2f", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "a%00b", "~", "C%3A%5Cx", "x" * 300, ".x",
     "..%5c..%5cx", "%c0%ae%c0%ae"],
)  # fmt: skip
def test_a_name_is_no_path(client: httpx2.Client, name: str) -> None:
    paths = [f"/api/{kind}/{name}" for kind in ("books", "runs", "scenarios", f"books/{BOOK}/tables")]
    for path in (*paths, f"/api/books/{name}/tables/entities", f"/api/runs/{name}/export", f"/assets/{name}"):
        answer = client.get(path)

        assert answer.status_code in (404, 405, 422), path
        assert "root:" not in answer.text
    assert client.delete(f"/api/books/{name}").status_code in (404, 405, 422)
    assert client.delete(f"/api/scenarios/{name}").status_code in (404, 405, 422)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/b", "Upper", "upload-x", "", ".hidden", "a" * 65, "con:"])
def test_nothing_is_kept_under_a_name_that_is_a_path(client: httpx2.Client, tmp_path: Path, name: str) -> None:
    yaml = f"name: {name}\ntitle: T\nauthor: me\ndate: 2026-03-01\ndescription: d\n"
    write_book(load_book(BOOK), tmp_path / "book.xlsx")
    content = (tmp_path / "book.xlsx").read_bytes()
    held = client.post("/api/books", files={"file": ("book.xlsx", content)}).json()["book"]

    assert client.post(f"/api/books/{held}/save", json={"as": name}).status_code == 422
    if name != "upload-x":  # a scenario may be called so
        assert client.post("/api/scenarios", json={"name": name, "yaml": yaml}).status_code == 422
    client.delete(f"/api/books/{held}")


@pytest.mark.parametrize("scenario", ["/etc/passwd", "../base.yaml", "base+/etc/passwd", "~/x.yaml", "base.yaml"])
def test_a_scenario_is_asked_by_name_and_never_by_path(client: httpx2.Client, scenario: str) -> None:
    answer = client.post("/api/scenarios/check", json={"scenario": scenario}).json()

    assert answer["faults"][0]["message"].startswith("there is no scenario")


def test_a_scenario_that_is_sent_opens_no_file(client: httpx2.Client, tmp_path: Path) -> None:
    heading = "title: T\nauthor: me\ndate: 2026-03-01\ndescription: d\n"
    other = tmp_path / "other.yaml"
    other.write_text(f"name: other\n{heading}", encoding="utf-8")
    for target in (str(other), "../other.yaml", "/etc/passwd"):
        yaml = f"name: mine\n{heading}extends: {target}\n"
        answer = client.post("/api/scenarios", json={"name": "mine", "yaml": yaml})

        assert answer.status_code == 422
        assert "unknown scenario" in message_of(answer)


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return packed.getvalue()


def lying(content: bytes, size: int) -> bytes:
    """Return an archive of one file whose headers claim another size than it unpacks to."""
    packed = bytearray(archive({"book.yaml": content}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = packed.index(signature) + at
        packed[start : start + 4] = struct.pack("<I", size)
    return bytes(packed)


BOMB = b"0" * 70_000_000
HOSTILE = {
    "a bomb": ("book.zip", lambda: archive({"entities.csv": BOMB}), "unpacks to"),
    "a bomb in a workbook": ("book.xlsx", lambda: archive({"xl/sheet1.xml": BOMB}), "unpacks to"),
    "a bomb that lies": ("book.zip", lambda: lying(b"0" * 5_000_000, 10), "no readable"),
    "a way out": ("book.zip", lambda: archive({"../../evil.csv": b"x"}), "leads out"),
    "a way to the root": ("book.zip", lambda: archive({"/etc/cron.d/evil.csv": b"x"}), "leads out"),
    "a way out with backslashes": ("book.zip", lambda: archive({"..\\..\\evil.csv": b"x"}), "leads out"),
    "too many files": ("book.zip", lambda: archive({f"{n}.csv": b"" for n in range(500)}), "500 files"),
    "no archive": ("book.zip", lambda: b"PK\x03\x04garbage", "no readable"),
    "no workbook": ("book.xlsx", lambda: b"\x00" * 100, "no readable"),
    "a macro workbook": ("book.xlsm", lambda: b"", "not a format"),
    "a page": ("book.html", lambda: b"<script>alert(1)</script>", "not a format"),
    "nothing": ("book.zip", lambda: b"", "no readable"),
    "two books": ("book.zip", lambda: archive({"a/book.yaml": b"", "b/book.yaml": b""}), "2 files"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_upload_is_refused_with_its_reason_and_leaves_nothing(
    client: httpx2.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name, make, reason = HOSTILE[kind]
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = client.post("/api/books", files={"file": (name, make())})

    assert answer.status_code == 200
    assert answer.json()["book"] is None
    assert reason in answer.json()["faults"][0]["message"]
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_an_archive_is_not_followed(client: httpx2.Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        link = zipfile.ZipInfo("entities.csv")
        link.external_attr = 0o120777 << 16
        written.writestr(link, "/etc/passwd")
    answer = client.post("/api/books", files={"file": ("book.zip", packed.getvalue())}).json()

    assert "is a link" in answer["faults"][0]["message"]


def test_an_oversized_body_is_refused_before_it_is_read(client: httpx2.Client) -> None:
    assert client.post("/api/scenarios/check", content=b"x" * 1_100_000).status_code == 413
    assert client.post("/api/books", content=b"x" * 10_100_000).status_code == 413


def test_an_oversized_body_without_a_length_is_cut_off(client: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    assert client.post("/api/scenarios/check", content=endless()).status_code == 413


def test_a_name_with_a_script_stays_text(client: httpx2.Client, tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    write_book(load_book(BOOK), tmp_path / "book")
    file = tmp_path / "book" / "entities.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    lines[1] = ",".join([cells[0], script, *cells[2:]])
    file.write_text("\n".join(lines), encoding="utf-8")
    packed = archive({path.name: path.read_bytes() for path in (tmp_path / "book").iterdir()})
    held = client.post("/api/books", files={"file": ("book.zip", packed)}).json()["book"]
    answer = client.get("/api/start", params={"book": held})
    client.delete(f"/api/books/{held}")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert script in {entity["label"] for entity in answer.json()["entities"]}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 100_000, b'{"scenario": ' + b"9" * 10_000 + b"}", b'{"scenario": "\\ud800"}', b"\xff\xfe",
     b'{"scenario": {"name": "\\ud800"}}', b'{"settings": {"rent.level": NaN}}', b'{"settings": {"rent.level": 1e999}}',
     b'{"settings": {"rent.level": {"+0": true}}}', b'{"scenario": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}", b"null"],
    ids=range(12),
)  # fmt: skip
def test_garbage_is_answered_with_its_faults(client: httpx2.Client, body: bytes) -> None:
    answer = client.post("/api/scenarios/check", content=body, headers={"content-type": "application/json"})

    assert answer.status_code < 500
    assert answer.json()["faults"]


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", "null", '"x"', "[" * 50_000, '{"id": -1}', '{"id": 1.5}', '{"id": true}', '{"cancel": "x"}',
     '{"id": 1, "fidelity": "best"}', '{"id": 1, "more": 1}', '{"id": 1, "question": 5}',
     '{"id": 1, "question": {"paths": 1e9}}', '{"id": 1, "question": {"settings": {"rent.level": NaN}}}',
     '{"id": 1, "question": {"book": "\\ud800"}}'],
    ids=range(16),
)  # fmt: skip
def test_a_message_without_sense_is_told_so_and_the_connection_stays(service: Service, message: str) -> None:
    with service.live() as live:
        live.send(message)
        header, arrays = heard(live)
        assert header["faults"]
        assert arrays == {}
        ask(live, 2, question())
        assert heard(live)[0]["stage"]


def test_a_client_that_sends_only_garbage_is_let_go(service: Service) -> None:
    with service.live() as live:
        for _ in range(20):
            live.send("garbage")
        assert is_closed(live)


@pytest.mark.parametrize("message", [b"\x00\x01", "x" * 280_000, "x" * 400_000], ids=["binary", "large", "larger"])
def test_a_message_of_the_wrong_kind_or_size_ends_the_connection(service: Service, message: str | bytes) -> None:
    with service.live() as live:
        live.send(message)
        assert is_closed(live)


def is_closed(live: ClientConnection) -> bool:
    """Tell whether the service ends a connection within ten seconds."""
    try:
        for _ in range(1_000):
            live.recv(10)
    except ConnectionClosed:
        return True
    except TimeoutError:
        return False
    return False


def test_a_client_that_floods_is_let_go() -> None:
    with serving(Limits(messages_at_once=50, messages_per_second=1)) as service, service.live() as live:
        for number in range(60):
            live.send(json.dumps({"cancel": number}))
        assert is_closed(live)
        with service.live() as other:
            ask(other, 1, question())
            assert heard(other)[0]["id"] == 1


def test_too_many_requests_and_views_are_refused() -> None:
    with serving(Limits(requests_at_once=20, requests_per_second=0.1, connections=3)) as service:
        with service.live(), service.live(), service.live(), pytest.raises(InvalidStatus), service.live():
            pass
        with httpx2.Client(base_url=service.address) as client:
            statuses = {client.get("/api/nothing").status_code for _ in range(30)}

    assert statuses == {404, 429}


def stalled(service: Service) -> socket.socket:
    """Return a live connection that asks for much and reads nothing."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", service.port))
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    raw.sendall(
        f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    body = json.dumps({"id": 1, "question": question() | {"paths": 20_000}, "fidelity": "full"}).encode()
    masked = bytes(byte ^ (1, 2, 3, 4)[place % 4] for place, byte in enumerate(body))
    raw.sendall(b"\x81\xfe" + struct.pack(">H", len(body)) + bytes((1, 2, 3, 4)) + masked)
    return raw


def test_clients_that_stall_hold_up_nobody_and_are_let_go() -> None:
    with serving(Limits(send_seconds=1.0, body_seconds=1.0)) as service:
        with service.live() as warm:
            ask(warm, 1, question())
            heard(warm)
        stuck = [stalled(service) for _ in range(10)]
        slow = [socket.create_connection(("127.0.0.1", service.port), 10) for _ in range(10)]
        for raw in slow:
            raw.sendall(b"POST /api/scenarios/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
        try:
            start = time.monotonic()
            with service.live() as live:
                for number in range(1, 6):
                    ask(live, number, question(**{"rent.level": 0.3 + 0.01 * number}))
                    assert heard(live, 30)[0]["id"] == number
            assert time.monotonic() - start < 20
            answers = [raw.recv(4096) for raw in slow]
            assert all(b" 408 " in answer for answer in answers)
        finally:
            for raw in (*stuck, *slow):
                raw.close()


def test_a_client_that_never_ends_its_request_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Impatient, "patience_seconds", 0.5)
    with serving() as service:
        for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-More: 1"):
            with socket.create_connection(("127.0.0.1", service.port), 10) as raw:
                raw.sendall(begun)
                assert raw.recv(4096) == b""
        with service.live() as live:  # one that has become a WebSocket may be silent for longer
            time.sleep(1.0)
            ask(live, 1, question())
            assert heard(live)[0]["id"] == 1


def test_a_client_that_vanishes_leaves_no_session_behind(service: Service) -> None:
    engine = service.app.state.engine
    before = len(engine._sessions)
    for _ in range(5):
        with service.live() as live:
            ask(live, 1, question() | {"paths": 20_000}, "full")
    end = time.monotonic() + 20
    while len(engine._sessions) > before and time.monotonic() < end:
        time.sleep(0.05)

    assert len(engine._sessions) == before


@pytest.fixture(scope="module")
def closed() -> Iterator[Service]:
    with serving(rules=rules_for("127.0.0.1", TOKEN)) as running:
        yield running


@pytest.mark.parametrize("path", ["/api/start", "/api/docs", "/openapi.json", f"/api/books/{BOOK}"])
def test_without_the_token_nothing_is_served(closed: Service, path: str) -> None:
    with httpx2.Client(base_url=closed.address) as client:
        for headers in (
            {},
            {"authorization": f"Bearer {TOKEN}x"},
            {"authorization": TOKEN},
            {"cookie": "deflator_token="},
        ):
            assert client.get(path, headers=headers).status_code == 401
        assert client.get(path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    with pytest.raises(InvalidStatus), closed.live():
        pass


def test_the_token_in_the_address_of_the_page_becomes_a_cookie(closed: Service) -> None:
    with httpx2.Client(base_url=closed.address) as client:
        assert "set-cookie" not in client.get("/?token=wrong").headers
        cookie = client.get(f"/?token={TOKEN}").headers["set-cookie"]

        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert client.get("/api/start").status_code == 200
    with closed.live(additional_headers={"Cookie": f"deflator_token={TOKEN}"}) as live:
        ask(live, 1, question())
        assert heard(live)[0]["id"] == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_the_service_does_not_listen_beyond_this_machine_without_a_token(host: str) -> None:
    done = CliRunner().invoke(program, ["serve", "--host", host, "--no-open"])

    assert done.exit_code == 2
    assert "--token" in done.stderr


@pytest.mark.parametrize("token", ["short", "sixteen characters", "ümlaut-of-sixteen", "a" * 300])
def test_a_token_that_could_be_guessed_or_not_be_sent_is_refused(token: str) -> None:
    done = CliRunner().invoke(program, ["serve", "--token", token, "--no-open"])

    assert done.exit_code == 2
    assert "at least 16" in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(program, ["serve", "--port", str(port), "--no-open"])

    assert done.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_a_service_on_all_addresses_is_known_by_each_of_them_and_by_no_foreign_name() -> None:
    rules = rules_for("0.0.0.0", TOKEN, ["desk.lan"])

    assert all(rules.knows(host) for host in ("10.0.0.7:8642", "[fe80::1]:80", "localhost", "desk.lan"))
    assert not any(rules.knows(host) for host in ("evil.example", "10.0.0.7.evil.example", "", "a@b:c:d"))


def test_threads_of_a_service_end_with_it() -> None:
    before = own_threads()
    with serving():
        assert own_threads() > before

    assert own_threads() == before


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("deflator-")}


def test_files_beside_the_page_are_not_served(service: Service) -> None:
    for path in ("/../app.py", "/assets/../../limits.py", "//etc/passwd", "/assets/%2e%2e/%2e%2e/app.py"):
        with socket.create_connection(("127.0.0.1", service.port), 10) as raw:
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            assert raw.recv(4096).split(b" ", 2)[1] == b"404"
