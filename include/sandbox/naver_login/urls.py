"""Addresses of the login site."""

from starlette.routing import BaseRoute, Route

from sandbox.context import SandboxContext
from sandbox.naver_login.pages import LOGIN_PATH, MY_INFO_PATH
from sandbox.naver_login.responses import LoginSite


def routes(context: SandboxContext) -> list[BaseRoute]:
    """All pages of the login site."""
    site = LoginSite(context)
    return [
        Route(LOGIN_PATH, site.show_form, methods=["GET"]),
        Route(LOGIN_PATH, site.submit_form, methods=["POST"]),
        Route("/nidlogin.logout", site.log_out),
        Route("/login/sso/finalize", site.finish_sso),
        Route("/login/ext/deviceConfirm", site.ask_device),
        Route("/login/ext/deviceConfirm/answer", site.answer_device),
        Route("/login/ext/need2", site.ask_second_step),
        Route("/user2/help/idRelease", site.show_lock),
        Route(MY_INFO_PATH, site.show_my_info),
    ]
