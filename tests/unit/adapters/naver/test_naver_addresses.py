from __future__ import annotations

import pytest

from booking_sms.adapters.naver.addresses import NaverAddresses

REAL = NaverAddresses("https://nid.example", "https://partner.example")
PORTS = NaverAddresses("http://127.0.0.1:8001", "http://127.0.0.1:8002")
PREFIXES = NaverAddresses("http://127.0.0.1:8000/login-site", "http://127.0.0.1:8000/partner/")
NESTED = NaverAddresses("http://127.0.0.1:8000", "http://127.0.0.1:8000/partner")


@pytest.mark.parametrize(
    ("addresses", "url", "login", "booking"),
    [
        pytest.param(REAL, "https://nid.example/nidlogin.login?url=x", True, False, id="form"),
        pytest.param(REAL, "https://nid.example/user2/help/idRelease", True, False, id="lock"),
        pytest.param(REAL, "https://partner.example/bizes/1", False, True, id="partner"),
        pytest.param(REAL, "https://www.example/", False, False, id="elsewhere"),
        pytest.param(REAL, "https://partner.example.evil.test/", False, False, id="look-alike"),
        pytest.param(PORTS, "http://127.0.0.1:8001/x", True, False, id="login port"),
        pytest.param(PORTS, "http://127.0.0.1:8002/x", False, True, id="partner port"),
        pytest.param(PREFIXES, "http://127.0.0.1:8000/login-site/x", True, False, id="prefix"),
        pytest.param(PREFIXES, "http://127.0.0.1:8000/partner/x", False, True, id="prefix too"),
        pytest.param(PREFIXES, "http://127.0.0.1:8000/partnerx", False, False, id="no prefix"),
        pytest.param(NESTED, "http://127.0.0.1:8000/partner/x", False, True, id="longer wins"),
        pytest.param(NESTED, "http://127.0.0.1:8000/x", True, False, id="the rest is login"),
    ],
)
def test_whose_page_it_is(addresses, url, login, booking):
    assert (addresses.is_login(url), addresses.is_booking(url)) == (login, booking)


def test_login_page_comes_back_to_the_partner_site():
    assert PREFIXES.login_page() == (
        "http://127.0.0.1:8000/login-site/nidlogin.login"
        "?mode=form&url=http%3A%2F%2F127.0.0.1%3A8000%2Fpartner%2F"
    )


def test_store_ids_cannot_leave_their_place_in_the_path():
    assert REAL.booking_list_page("../x") == (
        "https://partner.example/bizes/..%2Fx/booking-list-view"
    )


@pytest.mark.parametrize(("addresses", "expected"), [(REAL, False), (PORTS, True)])
def test_loopback(addresses, expected):
    assert addresses.is_loopback is expected
