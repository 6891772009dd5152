"""An image's evidence map while one looks: the preview at once, then maps that get better, each a job of its own so that
leaving the case or asking again stops it between two."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from core.domain.case import Case
from core.domain.explanation import Explanation, ImageExplanation
from core.errors import UserError
from core.progress import Report
from ui.jobs import Jobs, Lane

TITLE = "Image evidence map"
Arrived = Callable[[ImageExplanation], None]


def kind(image_id: str) -> str:
    """What the jobs of an image's map are called."""
    return f"map {image_id}"


def steps(case: Case, image_id: str) -> Iterator[ImageExplanation]:
    """The maps of an image as they come. Raises `UserError` where no model gave an estimate for it."""
    from core.explain.image import watch
    from core.imaging.pixels import presentation
    from core.inference.packs import installed

    ref = next((i for i in case.images if i.id == image_id), None)
    name = next((p.pack.name for p in case.predictions if p.image_id == image_id), None)
    pack = next((p for p in installed() if p.id == name), None)
    if ref is None or pack is None:
        raise UserError("No model gave an estimate for this image, so there is nothing to explain.")
    yield from watch(pack, ref, presentation(ref))


def start(jobs: Jobs, case: Case, image_id: str, arrived: Arrived) -> None:
    """Ask for the maps of an image; `arrived` gets each on the window's thread."""
    _next(jobs, case, image_id, steps(case, image_id), arrived, first=True)


def _next(
    jobs: Jobs, case: Case, image_id: str, coming: Iterator[ImageExplanation], arrived: Arrived, *, first: bool
) -> None:
    def work(report: Report) -> ImageExplanation | None:
        report(0, 0, "explaining the image")
        return next(coming, None)

    def done(found: ImageExplanation | None) -> None:
        if found is None:
            return
        arrived(found)
        _next(jobs, case, image_id, coming, arrived, first=False)

    lane = Lane.SHORT if first else Lane.LONG
    jobs.start(TITLE, work, done, case_id=case.id, kind=kind(image_id), lane=lane, quiet=not first)


def warm(jobs: Jobs) -> None:
    """Open what the first map needs while the analysis runs, so that its preview is there with the result."""

    def work(report: Report) -> float:
        from core.explain.warm import warm as opened

        return opened(report)

    jobs.start("Warming up the models", work, lambda _s: None, kind="warm", lane=Lane.SHORT, quiet=True)


def with_map(case: Case, found: ImageExplanation) -> Case:
    """The case with a map in place of an earlier one of the same image."""
    earlier = case.explanation or Explanation(case.assessment.id if case.assessment else "")
    images = (*(i for i in earlier.images if i.image_id != found.image_id), found)
    return replace(case, explanation=replace(earlier, images=images))
