"""What is logged says nothing of what people wrote or sent."""

import json
import logging

import pytest
from talk import API, call, upload

from bot.sharing.logs import JsonLines, configure

CANARY = "canary91c2"


def test_lines_hold_no_question_name_path_or_traceback(with_users, capsys: pytest.CaptureFixture[str]):
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    configure("info")
    try:
        with with_users.client("alice") as alice:
            call(alice, "ask", [f"tell me about {CANARY}", "", ""])
            call(alice, "ask", [{CANARY: [f"/etc/{CANARY}"]}, "", ""])
            call(alice, "ask", [f"{CANARY} too few"])
            upload(alice, name=f"{CANARY}.png")
            alice.get(f"{API}file=/etc/{CANARY}")
            alice.post("login", data={"username": CANARY, "password": CANARY})
            thread = "ab" * 16
            alice.get("", params={"thread": thread})
    finally:
        root.handlers[:] = before
        root.setLevel(logging.WARNING)
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert {"method": "POST", "route": "/gradio_api/queue/join", "status": 200, "owner": "user:alice"}.items() <= next(
        line for line in lines if line.get("route") == "/gradio_api/queue/join"
    ).items()
    for secret in (CANARY, thread, "Traceback", "/work", "/tmp", ".venv", "site-packages"):
        assert secret not in said.err + said.out


def test_a_librarys_line_is_told_without_values_and_paths():
    error = ValueError(CANARY)
    record = logging.LogRecord(
        "uvicorn.error", logging.ERROR, "/x.py", 1, "cannot read /home/a/b %s\nmore", (CANARY,), None
    )
    record.exc_info = (ValueError, error, None)
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "cannot read … %s"
    assert line["error"] == "ValueError"
    assert CANARY not in json.dumps(line)
