"""`unblur chat`: the page in a browser, served until it is interrupted."""

import os
import sys
import threading
from concurrent.futures import Future

from bot.allocator import share_arenas
from bot.errors import UserError
from bot.opening import opened_store, put_bundled, tell
from bot.settings import load_settings
from bot.sharing.logs import configure
from store.errors import StoreError
from store.store import Store


def chat(host: str | None, port: int | None) -> None:
    """Serve the page and print its address once it is served.

    The bundled briefs go into an empty store, and the embedding model loads, while the page is served already.
    Raises UserError when the address cannot be listened on, or when the store cannot be opened.
    """
    share_arenas()
    from bot.page.server import create_app, serve
    from bot.service import Bot

    settings = load_settings()
    configure(settings.log_level)
    with opened_store(settings, fill=False) as store:
        ready: Future[None] = Future()
        bot = Bot(store, settings)
        app = create_app(bot, settings, ready)

        getting_ready = threading.Thread(target=_get_ready, args=(store, ready), name="get-ready")

        def on_serving(address: str) -> None:
            getting_ready.start()
            print(address, flush=True)
            tell("Press Ctrl-C to stop.")

        try:
            serve(
                app,
                settings.host if host is None else host,
                settings.port if port is None else port,
                on_serving=on_serving,
            )
        except KeyboardInterrupt:
            tell("Stopped.")
        # Also where the signal was ignored before us, as in a script's background: then serving ends without an exception.
        # A library that is cut off while it loads would abort with a complaint, and a restoration would be waited for.
        if getting_ready.is_alive() or bot.darkroom.busy:
            sys.stdout.flush()
            os._exit(0)  # nothing is lost: the store bears being killed at any moment, and so do the photos


def _get_ready(store: Store, ready: Future[None]) -> None:
    """Fill an empty store and load what answers need; an error is kept for whoever asks."""
    from bot.tools import warm_up

    try:
        if store.count() == 0:
            put_bundled(store)
        warm_up(store)
    except StoreError as error:
        tell(f"error: {error}")
        ready.set_exception(error)
    except Exception as error:
        ready.set_exception(UserError(f"the server could not get ready ({type(error).__name__}): start it again"))
        raise
    else:
        ready.set_result(None)
