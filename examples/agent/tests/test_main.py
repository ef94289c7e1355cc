from main import ask


def test_ask() -> None:
    assert "Bergen" in ask("Bergen")["answer"]
