"""Nothing leaves the machine."""

import os
import subprocess
import sys

GUARD = """
import os, socket, sys
real = socket.socket.connect
def connect(self, address):
    host = address[0] if isinstance(address, tuple) else ""
    if isinstance(address, tuple) and host not in ("127.0.0.1", "::1", "localhost"):
        print("WENT OUT", address); sys.stdout.flush(); os._exit(7)
    return real(self, address)
socket.socket.connect = connect
socket.getaddrinfo_real = socket.getaddrinfo
def lookup(host, *rest, **more):
    if host not in ("127.0.0.1", "::1", "localhost", None):
        print("LOOKED UP", host); sys.stdout.flush(); os._exit(7)
    return socket.getaddrinfo_real(host, *rest, **more)
socket.getaddrinfo = lookup
from bot.cli import run
sys.exit(run(["ask", "How does MSSNet remove blur?"]))
"""


def test_an_answer_makes_no_connection_even_with_tracing_asked_for(tmp_path: os.PathLike[str]) -> None:
    environment = os.environ | {
        "UNBLUR_HOME": str(tmp_path),
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "lsv2_made_up",
        "LANGCHAIN_TRACING_V2": "true",
        "GRADIO_ANALYTICS_ENABLED": "True",
    }
    done = subprocess.run([sys.executable, "-c", GUARD], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MSSNet" in done.stdout
