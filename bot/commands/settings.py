"""`unblur settings`: every setting, its value and where it came from."""

import json

from bot.settings import describe, load_settings


def show_settings(*, as_json: bool) -> None:
    """Print the settings."""
    rows = describe(load_settings())
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        print(f"{row['name']}={row['value']}  ({row['origin']})\n    {row['meaning']}")
