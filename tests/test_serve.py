import http.client
import json
import os
import re
import socket
import threading
import time

import pytest

from stillroom.diagnostics import StillroomError
from stillroom.serve import ADDRESS, Preview, locate, open_server, watch, with_client

PAGE = (
    "<!doctype html><meta http-equiv=content-security-policy content=\"default-src 'none'; "
    "script-src 'self'\"><title>t</title><body><p>Text</p></body></html>"
)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "preview"
    (root / "articles" / "a").mkdir(parents=True)
    (root / "index.html").write_text(PAGE)
    (root / "articles" / "a" / "index.html").write_text(PAGE)
    (root / "articles" / "a" / "data.0123456789.json").write_text('{"a": 1}')
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "outside").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.fixture
def server(folder):
    made = open_server(Preview(folder), 0)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.preview.close()
    made.shutdown()
    thread.join()
    made.server_close()


def ask(server, path, method="GET", host=None):
    connection = http.client.HTTPConnection(ADDRESS, server.server_port, timeout=5)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"{ADDRESS}:{server.server_port}")
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/articles/a/", "/articles/a/index.html?x#y", "//index.html"]
)
def test_a_page_is_found(folder, path):
    assert locate(folder, path).name == "index.html"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/articles/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/out.txt",
        "/outside/secret.txt",
        "/loop",
        "/index.html%00.png",
        "/" + "x" * 5000,
        "/articles",
        "/none.html",
        "/%ff%fe",
    ],
)
def test_nothing_outside_the_folder_is_found(folder, path):
    assert locate(folder, path) is None


def test_a_page_gets_the_script_and_may_listen_and_the_file_stays(server, folder):
    response, body = ask(server, "/")
    assert response.status == 200
    assert b'<script src="/.stillroom/client.js" data-number="0" defer></script></body>' in body
    assert b"default-src 'none'; connect-src 'self'; script-src 'self'" in body
    assert (folder / "index.html").read_text() == PAGE
    assert response.headers["Cache-Control"] == "no-store"


def test_a_policy_with_escaped_quotes_is_widened_too():
    page = with_client('<meta content="default-src &#39;none&#39;; script-src &#39;self&#39;">', 1)
    assert "default-src &#39;none&#39;; connect-src &#39;self&#39;; script-src" in page


def test_a_page_without_an_end_of_body_gets_the_script_too():
    assert with_client("<p>x", 3).endswith('data-number="3" defer></script>')


def test_other_files_go_out_as_they_are(server):
    response, body = ask(server, "/articles/a/data.0123456789.json")
    assert (response.headers["Content-Type"], body) == ("application/json", b'{"a": 1}')


def test_head_has_no_body(server):
    response, body = ask(server, "/", method="HEAD")
    assert response.status == 200
    assert int(response.headers["Content-Length"]) > len(PAGE)
    assert body == b""


def test_a_folder_without_its_slash_is_sent_on(server):
    response, _ = ask(server, "/articles/a")
    assert (response.status, response.headers["Location"]) == (301, "/articles/a/")


def test_what_is_missing_is_said_on_a_page_that_reloads(server):
    response, body = ask(server, "/articles/new/")
    assert response.status == 404
    assert b"client.js" in body


@pytest.mark.parametrize("path", ["/%2e%2e/secret.txt", "/out.txt", "/outside/secret.txt"])
def test_secrets_are_not_served(server, path):
    response, body = ask(server, path)
    assert response.status == 404
    assert b"secret" not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "[::1]:80"])
def test_another_host_name_is_refused(server, host):
    response, body = ask(server, "/", host=host)
    assert response.status == 403
    assert b"Text" not in body


def test_localhost_is_us(server):
    assert ask(server, "/", host=f"localhost:{server.server_port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_possible(server, method):
    assert ask(server, "/", method=method)[0].status == 501


def test_the_server_listens_on_loopback_only(server):
    assert server.server_address[0] == "127.0.0.1"


def read_event(stream):
    lines = []
    while line := stream.readline().rstrip(b"\n"):
        lines.append(line)
    return json.loads(lines[0].removeprefix(b"data: "))


def test_events_tell_of_each_build_and_its_errors(server):
    connection = http.client.HTTPConnection(ADDRESS, server.server_port, timeout=5)
    connection.request("GET", "/.stillroom/events")
    stream = connection.getresponse()
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert read_event(stream) == {"number": 0, "errors": []}
    server.preview.update(["a.md:1:1: M001 no"])
    assert read_event(stream) == {"number": 1, "errors": ["a.md:1:1: M001 no"]}
    server.preview.close()
    assert stream.read() == b""
    connection.close()


def test_a_taken_port_is_said(server):
    with pytest.raises(StillroomError, match="is taken"):
        open_server(Preview(server.preview.folder), server.server_port)


def test_without_a_port_the_next_free_one_is_used(folder, monkeypatch):
    with socket.socket() as taken:
        taken.bind((ADDRESS, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("stillroom.serve.PORTS", [port, 0])
        made = open_server(Preview(folder), None)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", made.url)
        assert made.server_port != port
        made.server_close()


def test_a_save_leads_to_a_build(tmp_path):
    built, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=watch, args=(lambda: [tmp_path], built.set, stop))
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not built.is_set() and time.monotonic() < deadline:
            (tmp_path / "index.md").write_text(os.urandom(4).hex())
            built.wait(0.5)
        assert built.is_set()
    finally:
        stop.set()
        thread.join()
