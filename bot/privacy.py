"""Nothing leaves this machine: the switches of the libraries that would send or fetch something."""

import os


def keep_everything_here() -> None:
    """Switch off whatever the libraries would send or fetch; a value that the user set stays.

    LangChain would send every conversation to LangSmith as soon as a key stands in the environment, and a language model's
    requests through its gateway, so its switches are overruled.
    """
    for name in (
        "LANGSMITH_TRACING",
        "LANGSMITH_TRACING_V2",
        "LANGCHAIN_TRACING",
        "LANGCHAIN_TRACING_V2",
        "LANGSMITH_GATEWAY",
    ):
        os.environ[name] = "false"
    for name, value in {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "LANGGRAPH_STRICT_MSGPACK": "true",
    }.items():
        os.environ.setdefault(name, value)
