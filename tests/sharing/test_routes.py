"""Every route of the running application has a rule, and none hands out what is somebody else's."""

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.routing import Mount

from bot.sharing.rules import RULES


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """(method, path) of every route, those of mounted applications, too."""
    waiting = [("", route) for route in app.routes]
    while waiting:
        before, route = waiting.pop()
        if isinstance(route, Mount):
            waiting += [(before + route.path, one) for one in route.routes]
        elif hasattr(route, "effective_candidates"):  # a router that was included
            waiting += [(before, one) for one in route.effective_candidates()]
        else:
            assert route.methods, f"{route} takes no HTTP: the gate closes it, and needs a rule if that should change"
            yield from ((method, before + route.path) for method in route.methods)


def test_every_route_has_a_rule(with_users):
    found = set(routes_of(with_users.app))
    assert len(found) > 80
    assert found - {(rule.method, rule.path) for rule in RULES} == set()


def test_no_rule_is_left_of_a_route_that_is_gone(with_users):
    assert {(rule.method, rule.path) for rule in RULES} - set(routes_of(with_users.app)) == set()
