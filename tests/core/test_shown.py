import pytest

from core.domain.shown import span_words, value_words


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("92 mm[Hg]", "92 mmHg", "92 mmHg"),
        ("148/92 mm[Hg]", "148/92 mmHg", "148/92 mmHg"),
        ("39.4 Cel", "39.4 °C", "39.4 °C"),
        ("0.0833333 d", "2 h", "2 小时"),
        ("0.0138889 d", "20 min", "20 分钟"),
        ("1 d", "24 h", "24 小时"),
        ("6 d", "6 days", "6 天"),
        ("91.32 d", "3 months", "3 个月"),
        ("1826.25 d", "5 years", "5 年"),
        ("96 ×10^9/L", "96 ×10^9/L", "96 ×10^9/L"),
        ("67", "67", "67"),
        ("2026-11", "2026-11", "2026-11"),
    ],
)
def test_values_as_on_a_ward(text: str, en: str, zh: str) -> None:
    assert (value_words(text, "en"), value_words(text, "zh")) == (en, zh)


def test_a_span_is_never_nothing() -> None:
    assert span_words(0.0001, "en") == "< 1 min"
