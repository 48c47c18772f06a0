"""`mill webhooks send`, as a person uses it, at a loopback server that keeps what it gets."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.mill.commands import mill, mill_here
from tests.mill.senders.mock_sources import ROOT, mock_source

Got = tuple[str, dict[str, str], bytes]


class Route:
    """Answers with `status`, and keeps path, headers and body of each request."""

    def __init__(self) -> None:
        self.status, self.got = 200, list[Got]()
        route = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                route.got.append((self.path, headers, body))
                self.send_response(route.status)
                self.end_headers()
                self.wfile.write(b"Said.\n")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?a=1"


@pytest.fixture
def route() -> Iterator[Route]:
    route = Route()
    thread = threading.Thread(target=route.server.serve_forever, args=(0.05,))
    thread.start()
    yield route
    route.server.shutdown()
    route.server.server_close()
    thread.join()


def test_an_event_is_told_as_often_as_asked_with_one_id_and_a_line_each(route: Route) -> None:
    words = ("webhooks", "send", "stripe", "payment_intent.succeeded", "--to", route.url, "--id", "evt_7")
    done = mill(*words, "--repeat", "2", "--field", "data.object.amount=4242", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.rpartition(",")[0] for line in lines] == [
        "200 Said. - stripe payment_intent.succeeded evt_7"
    ] * 2
    secret = mock_source("stripe")["secret"]
    for _, headers, body in route.got:
        event = stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)
        assert (event.id, event.data.object["amount"]) == ("evt_7", 4242)


def test_what_is_not_accepted_ends_with_1_and_says_why(route: Route) -> None:
    route.status = 401
    done = mill("webhooks", "send", "github", "ping", "--to", route.url, "--break", "signature", cwd=ROOT)
    assert done.returncode == 1
    assert done.stdout.startswith("401 Said. - github ping ")


def test_an_address_is_signed_as_the_provider_was_told_it(route: Route) -> None:
    told = "https://hooks.example/x"
    done = mill("webhooks", "send", "twilio", "--to", route.url, "--url", told, "--secret", "s", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    ((path, headers, body),) = route.got
    fields = {}
    for pair in body.decode().split("&"):
        name, _, value = pair.partition("=")
        fields[name] = value.replace("%2B", "+")
    assert path == "/hook?a=1"
    assert RequestValidator("s").validate(told, fields, headers["x-twilio-signature"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["strip"], "mill: There is no kind strip. Did you mean stripe? There are: stripe, slack, "),
        (["github", "--break", "sig"], "mill: --break cannot be sig. It can be: signature, body, "),
        (["github", "--to", "ftp://a"], "mill: ftp://a is no address: it must begin with http:// or https://."),
        (["generic", "--source", "stripe"], "mill: The source stripe is of the kind stripe, not generic."),
        (["github", "--source", "absent"], "mill: There is no resource f/webhooks/absent."),
        (["twilio", "--break", "no-time"], "mill: twilio signs no time, so there is none to leave out."),
        (["stripe", "--age", "nan"], "mill: --age is nan, and must be from -1000000000 to 1000000000"),
        (["stripe", "--age", "-1e300"], "mill: --age is -1e+300, and must be from -1000000000 to 1000000000"),
        (["sendgrid", "--secret", "x"], "mill: Of sendgrid --secret is a private key of the curve P-256"),
        (["twilio", "--break", "json"], "mill: This event is a form, and half a form is one too."),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence(words: list[str], said: str) -> None:
    done = mill_here("webhooks", "send", *words, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_where_nothing_listens_is_said() -> None:
    done = mill("webhooks", "send", "github", "--to", "http://127.0.0.1:9/x", cwd=ROOT)
    assert done.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in done.stderr
    assert "Is `mill serve` running?" in done.stderr
