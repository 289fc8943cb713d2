"""What a text may say: our filters, nothing by chance, nothing that only a program can read."""

import pytest
from jinja2 import UndefinedError

from booking_sms.domain.text_language import FILTERS, compiled, names_in, parse_text, unknown_words
from booking_sms.testing import NOW


def problems(source: str) -> list[tuple[int, str]]:
    return list(unknown_words(parse_text(source)))


def test_each_filter_of_ours_is_known_and_works_in_a_text() -> None:
    source = (
        "{{ at|korean_date }} {{ at|korean_time }} {{ '별빛'|particle('이/가') }} "
        "{{ '01000001234'|phone }} {{ 1234|won }}"
    )

    assert problems(source) == []
    assert all(name in source for name in FILTERS)
    assert compiled(source).render(at=NOW) == "3월 2일(월) 오후 2시 별빛이 010-0000-1234 1,234원"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        pytest.param("안내\n{{ x|korean_dat }}", 2, "unknown filter korean_dat", id="misspelt"),
        pytest.param("{% if x %}{{ y|shout }}{% endif %}", 1, "shout", id="in a branch"),
        pytest.param("{{ x|random }}", 1, "unknown filter random", id="by chance"),
        pytest.param("{{ x is lucky }}", 1, "unknown test lucky", id="test"),
        pytest.param("{{ x|particle('을/은') }}", 1, "unknown pair", id="pair"),
        pytest.param("{{ x|particle }}", 1, "needs a pair", id="no pair"),
    ],
)
def test_words_that_do_not_exist_are_found_without_rendering(
    source: str, line: int, said: str
) -> None:
    ((found, problem),) = problems(source)

    assert found == line
    assert said in problem


@pytest.mark.parametrize("value", [None, True, [1], {"a": 1}, NOW, object()])
def test_a_value_that_people_cannot_read_is_an_error(value: object) -> None:
    with pytest.raises(UndefinedError, match="cannot be read"):
        compiled("{{ x }}").render(x=value)


@pytest.mark.parametrize("value", ["", "글", 0, 1.5])
def test_words_and_numbers_stand_as_they_are(value: object) -> None:
    assert compiled("{{ x }}").render(x=value) == str(value)


def test_names_from_outside_are_found() -> None:
    assert names_in("{{ booking.name|upper }}{% for one in bookings %}{{ one }}{% endfor %}") == {
        "booking",
        "bookings",
    }
