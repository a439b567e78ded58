"""A page on this machine alone: two answers beside each other, three buttons, and what was pressed is kept."""

import html
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from training.corpus.errors import CorpusError
from training.synthesis.errors import SettingsInvalid
from training.synthesis.review import Choice, Disagreement, Opinion, Review

HOST = "127.0.0.1"
MOST_BYTES = 64 * 1024
"""Of a form."""
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fafafa}
pre{white-space:pre-wrap;background:#fff;border:1px solid #ddd;padding:.8rem;overflow-wrap:anywhere}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(22rem,1fr));gap:1rem}
button{font:inherit;padding:.5rem 1rem;margin-right:.5rem} input{font:inherit;width:100%;padding:.4rem;margin:.5rem 0}
"""


def serve(review: Review, port: int) -> None:
    """Until interrupted.

    Raises:
        SettingsInvalid: there is no review here, or the port is taken.
    """
    server = page_server(review, port)
    with server:
        print(f"review: http://{HOST}:{server.server_port}/ ({len(review.waiting())} wait; Ctrl-C ends)", flush=True)  # noqa: T201
        server.serve_forever()


def page_server(review: Review, port: int = 0) -> ThreadingHTTPServer:
    """The server of one folder's page, not yet running.

    Raises:
        SettingsInvalid: there is no review here, or the port is taken.
    """
    if not review.folder.is_dir():
        raise SettingsInvalid(f"{review.folder}: is no folder; name the one that attune train synthesize wrote")
    token = secrets.token_urlsafe(16)
    try:
        return ThreadingHTTPServer((HOST, port), _handler(review, token))
    except OSError as error:
        raise SettingsInvalid(f"port {port}: {error.strerror}; name another with --port") from error


def page(review: Review, token: str) -> str:
    """The next disagreement as HTML."""
    waiting, decided = review.waiting(), len(review.decisions())
    body = _one(waiting[0], token) if waiting else (
        "<p>Nothing waits. Run <code>attune train synthesize</code> again with the same settings: it takes in what was "
        "decided and asks nothing twice.</p>"
    )  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Review</title><style>{_STYLE}</style>'
        f"<h1>Two teachers disagree</h1><p>{len(waiting)} wait, {decided} decided.</p>{body}</html>"
    )


def _one(of: Disagreement, token: str) -> str:
    buttons = "".join(
        f'<button name="choice" value="{one.value}">{_label(one)}</button>' for one in Choice
    )  # fmt: skip
    return (
        f"<h2>Asked</h2><pre>{html.escape(of.asked)}</pre><p>What was staged: <b>{html.escape(of.truth)}</b>.</p>"
        f'<div class="two">{_opinion("First", of.first)}{_opinion("Second", of.second)}</div>'
        f'<form method="post" action="/"><input type="hidden" name="question" value="{html.escape(of.question)}">'
        f'<input type="hidden" name="token" value="{token}"><label>Why (may stay empty)<input name="note" '
        f'maxlength="500"></label>{buttons}</form>'
    )


def _opinion(name: str, of: Opinion) -> str:
    thinking = f"<pre>{html.escape(of.thinking)}</pre>" if of.thinking else ""
    return (f"<section><h2>{name}: {html.escape(of.teacher)}, {html.escape(of.label)}</h2>{thinking}"
            f"<pre>{html.escape(of.text)}</pre></section>")  # fmt: skip


def _label(choice: Choice) -> str:
    return {Choice.FIRST: "Learn the first", Choice.SECOND: "Learn the second", Choice.NEITHER: "Learn neither"}[choice]


def _handler(review: Review, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The page, to who asks for it by this machine's address."""
            if not self._here() or self.path != "/":
                return self.send_error(HTTPStatus.NOT_FOUND)
            text = page(review, token).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header(
                "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
            )
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            return None

        def do_POST(self) -> None:
            """One decision, from a form of this page."""
            size = int(self.headers.get("Content-Length") or 0)
            if not self._here() or not 0 < size <= MOST_BYTES:
                return self.send_error(HTTPStatus.BAD_REQUEST)
            form = {name: said[0] for name, said in parse_qs(self.rfile.read(size).decode(errors="replace")).items()}
            if not secrets.compare_digest(form.get("token", "").encode(), token.encode()):
                return self.send_error(HTTPStatus.FORBIDDEN, "this form is of an earlier page: load it again")
            try:
                review.decide(form.get("question", ""), Choice(form.get("choice", "")), form.get("note", ""))
            except (CorpusError, ValueError):
                return self.send_error(HTTPStatus.BAD_REQUEST, "no such question or choice")
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None

        def _here(self) -> bool:
            """Whether the browser was sent here by this address and not by a name that somebody points at it."""
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            return host in (HOST, "localhost")

        def log_message(self, format: str, *args: object) -> None:
            """Requests are not worth a line."""

    return Handler
