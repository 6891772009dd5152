"""The page on packs names every field of the schema."""

import json

from core.paths import RESOURCES

ROOT = RESOURCES.parent


def test_every_field_of_the_schema_is_explained() -> None:
    schema = json.loads((RESOURCES / "models" / "manifest.schema.json").read_text("utf-8"))
    page = (ROOT / "docs" / "model-packs.md").read_text("utf-8")
    fields = {*schema["properties"], *schema["properties"]["task"]["enum"]}
    assert sorted(name for name in fields if f"`{name}`" not in page) == []
