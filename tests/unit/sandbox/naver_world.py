"""A world in this process: every service behind a test client, no sockets."""

from datetime import datetime
from typing import Any

from starlette.testclient import TestClient

from sandbox.app import build_apps, build_context
from sandbox.clock import KST
from sandbox.context import SandboxContext
from sandbox.faults import Fault
from sandbox.naver_login.models import NaverLoginState, Session
from sandbox.world.models import WorldState
from sandbox.world.recipe import Recipe

LOGIN = "/nidlogin.login"
TARGET = "http://naver-booking.localhost/"


def kst(text: str) -> datetime:
    """An instant of the world's day, from ``HH:MM``."""
    return datetime.fromisoformat(f"2026-03-02T{text}").replace(tzinfo=KST)


class NaverWorld:
    """The context and one client per service; redirects are shown, not followed."""

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.context: SandboxContext = build_context(recipe)
        apps = build_apps(self.context)
        self.clients = {
            name: TestClient(app, base_url=self.context.url(name), follow_redirects=False)
            for name, app in apps.items()
        }
        self.login = self.clients["naver_login"]
        self.booking = self.clients["naver_booking"]
        self.control = self.clients["control"]

    @property
    def account(self) -> NaverLoginState:
        return self.context.state(NaverLoginState)

    @property
    def world(self) -> WorldState:
        return self.context.state(WorldState)

    def at(self, text: str) -> "NaverWorld":
        self.context.clock.set(kst(text))
        return self

    def fault(self, service: str, operation: str, kind: str, **rest: Any) -> None:
        self.context.faults.add(Fault(service, operation, kind, **rest))

    def submit(self, **form: str) -> Any:
        """Post the login form with the owner's credentials unless told otherwise."""
        config = self.context.config.naver
        filled = {"id": config.login_id, "pw": config.password, "url": TARGET} | form
        return self.login.post(LOGIN, data=filled)

    def sign_in(self) -> Session:
        """A session whose cookies the booking client carries."""
        session = self.account.open_session(self.context.config.naver)
        self.booking.cookies.set("NID_AUT", session.aut)
        self.booking.cookies.set("NID_SES", session.ses)
        return session

    def list(self, store: str = "900101", **params: Any) -> Any:
        return self.booking.get(f"/api/businesses/{store}/bookings", params=params)

    def count(self, store: str = "900101", **params: Any) -> Any:
        return self.booking.get(f"/v3.1/businesses/{store}/bookings/count", params=params)

    def scene(self, slug: str) -> Any:
        return next(booking for booking in self.world.all() if booking.scenario == slug)


def make_world(**recipe: Any) -> NaverWorld:
    """A fresh world, of the default recipe unless told otherwise."""
    return NaverWorld(Recipe(**recipe))


def signed_in_world(**recipe: Any) -> NaverWorld:
    """A fresh world with a valid session."""
    made = make_world(**recipe)
    made.sign_in()
    return made
