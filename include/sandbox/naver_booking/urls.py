"""Addresses of the partner site."""

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.naver_booking.responses import PartnerSite


def routes(context: SandboxContext) -> list[BaseRoute]:
    """The API calls a reader may make, and the human pages."""
    site = PartnerSite(context)
    list_path = "/api/businesses/{store}/bookings"
    return [
        Route("/v3.1/businesses/{store}/bookings/count", site.call("count", site.count)),
        Route(list_path, site.call("list", site.list)),
        Route(list_path + "/{booking:int}", site.call("detail", site.detail)),
        Route("/bizes/{store}/booking-list-view", site.list_view),
        Route("/landing", site.landing),
        Route("/", site.home),
    ]
