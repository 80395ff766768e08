from cin7_nav.store.codec import canonical


def test_the_text_of_a_value_is_one_whatever_the_order_of_its_keys() -> None:
    assert canonical({"b": 1, "a": "ü😀"}) == canonical({"a": "ü😀", "b": 1}) == '{"a":"ü😀","b":1}'


def test_what_postgresql_cannot_hold_is_replaced_and_nothing_else() -> None:
    assert canonical("a\0b") == '"a\ufffdb"'
    assert canonical("a\\\0b") == '"a\\\\\ufffdb"'
    assert canonical("a\\u0000b") == '"a\\\\u0000b"'
    assert canonical("a\ud83db") == '"a\ufffdb"'
    assert canonical("a\x07") == '"a\\u0007"'
