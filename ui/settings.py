"""The user's settings: one JSON file in the profile, written whole (new file, then swap)."""

import json
import logging
import os
from pathlib import Path
from typing import Any

from core import paths

log = logging.getLogger(__name__)

DEFAULTS: dict[str, Any] = {
    "theme": "dark",
    "language": "en",
    "user": "",
    "columns": {},
    "keys": {},
    "idle_minutes": 15,
    "place": "",
}


class Settings:
    """Named values with defaults. A damaged file is set aside, never overwritten."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.profile() / "settings.json"
        self._values: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        try:
            loaded = json.loads(self.path.read_text("utf-8"))
            if isinstance(loaded, dict):
                return loaded
            raise ValueError("settings are not an object")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("settings could not be read, using defaults: %s", error)
            self._set_aside()
            return {}

    def _set_aside(self) -> None:
        try:
            self.path.replace(self.path.with_suffix(".damaged.json"))
        except OSError as error:
            log.warning("damaged settings stay where they are: %s", error)

    def get(self, name: str) -> Any:
        """The user's value, or the default."""
        return self._values.get(name, DEFAULTS.get(name))

    def set(self, name: str, value: Any) -> None:
        """Keep a value; written at once where it differs."""
        if self._values.get(name) == value:
            return
        self._values[name] = value
        self._write()

    def _write(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps(self._values, ensure_ascii=False, indent=1, sort_keys=True), "utf-8")
            os.replace(draft, self.path)  # noqa: PTH105  atomic on every platform
        except OSError as error:
            log.warning("settings could not be saved: %s", error)
