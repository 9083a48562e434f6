"""`unblur sources`: what the store holds."""

import json
from dataclasses import asdict

from bot.opening import opened_store, tell
from bot.settings import load_settings


def list_sources(*, as_json: bool) -> None:
    """Print every source with its links and briefs."""
    settings = load_settings()
    with opened_store(settings, fill=False) as store:
        sources = store.sources()
    if as_json:
        print(json.dumps([asdict(source) for source in sources], ensure_ascii=False, indent=2))
        return
    for source in sources:
        print(f"{source.title} ({source.kind})")
        for url in source.urls:
            print(f"    {url}")
        print(f"    in: {', '.join(source.briefs) or 'no brief any more'}")
    if not sources:
        tell(
            f"the store in {settings.store_folder} is empty: run `unblur ingest PATH`, or `unblur chat` for the bundled briefs"
        )
