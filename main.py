"""Consilium. No arguments: the window; with a verb: the same work without a window (`main.py --help`)."""

import multiprocessing
import sys

WINDOW_VERBS = {
    "demo": ("analyse the sample cases offscreen; leave report, JSON and screenshots in a folder", "ui.demo"),
}


def main(argv: list[str]) -> int:
    """Run a verb, or open the window. Exit code 0, 2 (the user's to mend) or 1 (ours)."""
    multiprocessing.freeze_support()  # a frozen program starts its helper processes by running itself
    if argv:
        from core.verbs import add_window_verbs, run

        add_window_verbs(WINDOW_VERBS)

        return run(argv)
    import onnxruntime  # noqa: F401  before PySide6: Windows DLL order

    from ui.app import run_window

    return run_window()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
