"""Image -> Segmentation: limb and bone, then deposits in soft tissue."""

from typing import TYPE_CHECKING

from calcitrack.callable_package import make_callable
from calcitrack.lazy_names import on_first_use
from calcitrack.segment.options import Method, SegmentOptions

if TYPE_CHECKING:
    from calcitrack.segment.radiograph import segment, sure
    from calcitrack.segment.region import ClickFilm, NoOutline, outline_at
else:  # on first use: the command line asks for the options alone
    __getattr__, __dir__ = on_first_use(
        __name__,
        {"calcitrack.segment.radiograph": ("segment", "sure"), "calcitrack.segment.region": ("ClickFilm", "NoOutline", "outline_at")},
    )

__all__ = ["ClickFilm", "Method", "NoOutline", "SegmentOptions", "outline_at", "segment", "sure"]

make_callable(__name__)
