"""`mill serve --twins`: the stand-ins and their inbox, in the foreground until Ctrl-C."""

import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_it_names_the_twins_and_their_inbox_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mill", "serve", "--twins", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if line.startswith("What was sent"):
                break
        inbox = re.search(r"http://127\.0\.0\.1:\d+/twins/inbox/", said)
        assert inbox is not None
        assert "/twins/slack" in said
        with urllib.request.urlopen(inbox.group(), timeout=10) as page:
            assert "<title>" in page.read().decode()
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert server.returncode == 0


def test_started_in_the_background_ctrl_c_is_not_for_it_and_a_request_to_terminate_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mill", "serve", "--twins", "--port", "0", "--state", str(tmp_path)]
    background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    with subprocess.Popen(background, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        inbox = None
        while inbox is None:
            line = server.stdout.readline()
            assert line
            inbox = re.search(r"http://127\.0\.0\.1:\d+/twins/inbox/", line)
        server.send_signal(signal.SIGINT)
        with urllib.request.urlopen(inbox.group(), timeout=10) as page:
            assert page.status == 200
        assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
    assert server.returncode == 0
