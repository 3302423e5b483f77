"""Tests of what names an image."""

from __future__ import annotations

import dataclasses

from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Exposure, image_id_of


def _exposure(uid: str, source: str) -> Exposure:
    def load() -> None:
        raise AssertionError("nothing is loaded here")

    return Exposure(dataclasses.replace(Acquisition(), sop_instance_uid=uid), load, source)  # type: ignore[arg-type]


def test_an_image_is_named_by_its_uid_wherever_it_lies() -> None:
    """A copy in another folder is the same image; without a UID the path is all there is."""
    assert _exposure("1.2.3", "a/x.dcm").image_id == _exposure("1.2.3", "b/y.dcm").image_id == "1.2.3"
    assert _exposure("", "a/x.png").image_id == "a/x.png"


def test_a_file_name_that_is_no_text_gives_an_id_that_every_encoding_holds() -> None:
    """Digests and databases encode the id as UTF-8, which knows no lone surrogates."""
    name = image_id_of("", b"visit\xff.png".decode("utf-8", "surrogateescape"))
    assert name == "visit\\udcff.png"
    assert image_id_of("", name) == name
    name.encode()
