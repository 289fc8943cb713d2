from command_world import GOLDEN, Shop


def test_lint_of_the_shipped_texts_is_clean(shop: Shop) -> None:
    document = shop.answer("message", "lint", "--golden", GOLDEN)

    assert (document["templates"], document["errors"], document["findings"]) == (3, 0, [])


def test_lint_names_template_store_and_problem(shop: Shop) -> None:
    shop.edit("stores/900104.yaml", "parking", "car_park")

    document = shop.answer("message", "lint", "--rules", "recommended", exit_code=1)

    assert document["errors"] == 1
    (finding,) = document["findings"]
    assert (finding["template"], finding["store"]) == ("guide", "900104")
    assert (finding["problem"], finding["severity"]) == ("TextUnresolved", "error")


def test_people_see_the_findings_as_a_table(shop: Shop) -> None:
    shop.edit("stores/900104.yaml", "parking", "car_park")

    result = shop.run("message", "lint")

    assert result.exit_code == 1
    assert "900104" in result.stdout


def test_a_file_without_bookings_proves_nothing(shop: Shop) -> None:
    empty = shop.home / "empty.jsonl"
    empty.write_text("", encoding="utf-8")

    assert shop.run("message", "lint", "--golden", empty).exit_code == 2
