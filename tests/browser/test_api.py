"""A program asks through the endpoints that the page offers by name."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from ingest.pipeline import bundled_briefs


@pytest.fixture(scope="module")
def client(served) -> Iterator[Client]:
    client = Client(served.address, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_only_what_is_useful_has_a_name(client: Client):
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert list(endpoints["named_endpoints"]) == ["/ask", "/restore", "/sources", "/conversation", "/new_thread"]
    assert not endpoints["unnamed_endpoints"]


def test_an_answer_is_json_as_the_schema_says(client: Client):
    schema = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())
    brief = bundled_briefs()[0]
    answer = client.predict(brief.question, brief=brief.name, api_name="/ask")
    jsonschema.validate(answer, schema)
    assert answer["mode"] == "explain"
    assert answer["brief"] == brief.name


def test_a_thread_goes_on(client: Client):
    first = client.predict("tell me about CausalSR", api_name="/ask")
    second = client.predict("Does that one have code?", first["thread"], api_name="/ask")
    assert second["thread"] == first["thread"]
    assert "https://github.com/Mnster00/CasualSR" in second["answer"]


def test_eight_ask_at_once_and_each_gets_their_own_answer(client: Client):
    questions = ["tell me about CausalSR", "tell me about FeatSharp", "hi", "What is the capital of France?"] * 2
    jobs = [client.submit(question, api_name="/ask") for question in questions]
    answers = [job.result(timeout=60) for job in jobs]
    assert [answer["question"] for answer in answers] == questions
    assert len({answer["thread"] for answer in answers}) == len(questions)


@pytest.mark.parametrize(
    ("question", "thread", "brief", "line"),
    [
        ("  ", "", "", "the question is empty"),
        ("x" * 100_000, "", "", "shorten it"),
        ("hi", "somebody-elses", "", "there is no conversation"),
        ("hi", "0" * 32, "", "there is no conversation"),
        ("hi", "", "nothing.txt", "there is no brief"),
    ],
)
def test_a_mistake_is_one_line(client: Client, question: str, thread: str, brief: str, line: str):
    with pytest.raises(AppError, match=line):
        client.predict(question, thread, [], brief, api_name="/ask")
