"""`unblur doctor`: what is well, what isn't, and how to cure it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

from bot.doctor import home, installation, network
from bot.doctor.finding import Finding, State, looked
from bot.settings import Settings, load_settings


def doctor(*, as_json: bool) -> int:
    """Print a line for each thing; returns 1 when something failed, else 0."""
    findings = examine(load_settings())
    if as_json:
        print(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        for one in findings:
            print(f"{one.state:<8} {one.name}: {one.text}")
            if one.cure:
                print(f"{'':8} -> {one.cure}")
    return 1 if any(one.state is State.FAILED for one in findings) else 0


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed or made."""
    looks: list[tuple[str, Callable[[], Iterable[Finding]]]] = [
        ("Python", installation.python),
        ("packages", installation.packages),
        ("SQLite", installation.word_search),
        ("embedding model", lambda: installation.embedding_model(settings)),
        ("weights", lambda: installation.weights(settings.home)),
        ("data folder", lambda: home.folder(settings.home)),
        ("store", lambda: home.store(settings)),
        ("conversations", lambda: home.conversations(settings)),
        ("users", lambda: home.users(settings)),
        ("port", lambda: network.port(settings)),
        ("Chroma", lambda: network.chroma(settings)),
        ("model", lambda: network.model(settings)),
        ("privacy", installation.switches),
    ]
    return [finding for name, look in looks for finding in looked(name, look)]
