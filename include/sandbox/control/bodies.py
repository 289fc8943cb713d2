"""Bodies of control requests. Unknown fields are refused by name; no body means all defaults."""

import json
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from sandbox.clock import KST, ClockMode
from sandbox.control.errors import ControlError
from sandbox.world.life import Option, PhoneChange
from sandbox.world.recipe import DEFAULT_BOOKINGS, DEFAULT_SEED, DEFAULT_STORES

MAX_STORES = 5_000
MAX_BOOKINGS = 800_000


def _in_kst(instant: datetime) -> datetime:
    return instant.astimezone(KST) if instant.tzinfo else instant.replace(tzinfo=KST)


Instant = Annotated[datetime, AfterValidator(_in_kst)]
Body = TypeVar("Body", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ResetBody(_Strict):
    """Which services to reset; none named means the whole world."""

    services: list[str] | None = None


class SeedBody(_Strict):
    """A new business world; what is not named takes its default."""

    at: Instant | None = None
    seed: int = DEFAULT_SEED
    stores: int = Field(default=DEFAULT_STORES, ge=1, le=MAX_STORES)
    bookings: int = Field(default=DEFAULT_BOOKINGS, ge=0, le=MAX_BOOKINGS)


class ClockBody(_Strict):
    """An instant, a mode, or both."""

    now: Instant | None = None
    mode: ClockMode | None = None


class AdvanceBody(_Strict):
    """Seconds to move the world by."""

    seconds: float


class FaultBody(_Strict):
    """A fault to script; ``times`` null means until it is cleared, ``after`` lets calls pass."""

    service: str
    kind: str
    operation: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    times: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    match: dict[str, Any] = Field(default_factory=dict)


class ExpireBody(_Strict):
    """When all sessions end: at once, after some API calls, or after some seconds."""

    after_calls: int | None = Field(default=None, ge=0)
    after_seconds: float | None = Field(default=None, ge=0)


class OptionBody(_Strict):
    """An option the customer chose."""

    name: str
    count: int = Field(default=1, ge=1)
    price: int = Field(default=0, ge=0)

    def as_option(self) -> Option:
        """The world's form."""
        return Option(self.name, self.count, self.price)


class PhoneChangeBody(_Strict):
    """Another number from an instant on."""

    at: Instant
    phone: str

    def as_change(self) -> PhoneChange:
        """The world's form."""
        return PhoneChange(self.at, self.phone)


class BookingBody(_Strict):
    """A booking to add (no ``booking_id``) or the fields of one to change."""

    store: str
    booking_id: int | None = None
    name: str = ""
    phone: str = ""
    email: str = ""
    start: Instant | None = None
    minutes: int = Field(default=60, ge=1)
    registered_at: Instant | None = None
    confirmed_at: Instant | None = None
    cancelled_at: Instant | None = None
    no_show_at: Instant | None = None
    completed_at: Instant | None = None
    options: list[OptionBody | str] | None = None
    previous_booking_id: int | None = None
    status: str | None = None
    phone_changes: list[PhoneChangeBody] = Field(default_factory=list)
    coupon: bool = False
    masked: bool = False
    hidden: bool = False
    scenario: str = "by hand"
    edits: dict[str, Any] = Field(default_factory=dict)
    removed: list[str] = Field(default_factory=list)

    def given(self) -> dict[str, Any]:
        """The fields that the request named, in the world's own types."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        if self.options is not None:
            values["options"] = [_option(option) for option in self.options]
        values["phone_changes"] = [change.as_change() for change in self.phone_changes]
        return {name: values[name] for name in self.model_fields_set - {"store", "booking_id"}}


def _option(option: OptionBody | str) -> Option:
    return Option(option) if isinstance(option, str) else option.as_option()


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object."""
    raw = await request.body()
    try:
        value = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise ControlError("body", f"is not JSON: {error}", status=400) from error
    if not isinstance(value, dict):
        raise ControlError("body", "must be a JSON object", status=400)
    return value


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The validated body of a request."""
    try:
        return kind.model_validate(await read_object(request))
    except ValidationError as error:
        raise first_problem(error) from error


def first_problem(error: ValidationError, prefix: str = "") -> ControlError:
    """Pydantic's complaints as one error of ours: the first field, then all messages."""
    problems = error.errors(include_url=False, include_context=False)
    names = [".".join([*filter(None, [prefix]), *map(str, p["loc"])]) for p in problems]
    said = [f"{name}: {problem['msg']}" for name, problem in zip(names, problems, strict=True)]
    return ControlError(names[0] or "body", "; ".join(said))
