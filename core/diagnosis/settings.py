"""The global constants of the common engine, from `resources/knowledge/diagnosis/weights.yaml`."""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import yaml

from core.paths import RESOURCES

_PATH = RESOURCES / "knowledge" / "diagnosis" / "weights.yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    """See the comments in the file; docs/diagnosis-common.md says how the values were chosen."""

    prior_exponent: float
    temperature: float
    temperature_findings: float
    group_discount: float
    leak: float
    leak_other: float
    kind_share: float
    neighbour_share: float
    weight_limit: float
    history_weight: float
    age_weight: float
    wording_weight: float
    wording_head_weight: float
    wording_words_weight: float
    wording_chinese_weight: float
    wording_temperature: float
    wording_chinese_temperature: float
    silence_mention: float
    silence_findings: float
    silence_least: int
    silence_span: int
    silence_limit: float
    false_absent: float
    false_absent_defining: float
    false_present: float
    false_present_cap: float
    none_weight: float
    surprise: float
    outside: float
    outside_without_complaint: float
    beta_count: float
    prior_sd: float
    missing_share: float
    interval_scale: float
    duration_background: tuple[float, float, float]
    duration_limit: float
    minimum_informative: int
    told_alone: float


@lru_cache(maxsize=1)
def load() -> Settings:
    """The shipped constants."""
    values: dict[str, Any] = yaml.load(_PATH.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    values["duration_background"] = tuple(values["duration_background"])
    return Settings(**{f.name: values[f.name] for f in fields(Settings)})
