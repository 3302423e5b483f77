"""What a person does in OHIF, and what OHIF then holds."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as Unseen

from benchmarks.ohif.compare import Shown

SIZE_PX = {"width": 1160, "height": 720}
"""Of the window: a small laptop's screen, which keeps the picture small."""
SOFTWARE_DRAWING = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
"""Chromium's switches for WebGL on a machine without a graphics card."""
LIMIT_MS = 60_000
"""A film is drawn within five seconds on a quiet machine without a graphics card."""
PATIENCE_MS = 15_000
"""For the question whether to load a Segmentation, which comes once it has been read."""
HELD = """() => {
    const held = window.cornerstoneTools.segmentation.state.getSegmentations();
    return held.map(one => ({
        names: Object.fromEntries(Object.values(one.segments).map(s => [s.segmentIndex, s.label])),
        pictures: (one.representationData.Labelmap?.imageIds ?? []).map(id => {
            const image = window.cornerstone.cache.getImage(id);
            const values = Uint16Array.from(image.voxelManager.getScalarData());
            const bytes = new Uint8Array(values.buffer);
            let text = '';
            for (let k = 0; k < bytes.length; k += 8192) text += String.fromCharCode(...bytes.subarray(k, k + 8192));
            return {rows: image.rows, columns: image.columns, values: btoa(text)};
        }),
    }));
}"""
"""The Segmentations that the viewer draws from: names by number, and the picture of the numbers."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window: the system's Chromium, else the one that playwright has installed."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", *SOFTWARE_DRAWING])
        yield browser
        browser.close()


def show(browser: Browser, address: str, study: str) -> tuple[Shown, bytes]:
    """Open a study, load its Segmentation over the film, and look: what the viewer holds, and a PNG of its window."""
    page = browser.new_page(viewport=SIZE_PX)
    said: dict[str, None] = {}
    page.on("console", lambda m: said.setdefault(" ".join(m.text.split())) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: said.setdefault(" ".join(str(e).split())))
    try:
        page.goto(f"{address}/viewer?StudyInstanceUIDs={study}")
        _film(page)
        loaded = _load_segmentation(page)
        held = page.evaluate(HELD) if loaded else []
        return _shown(held, tuple(said)), page.screenshot()
    finally:
        page.close()


def _film(page: Page) -> None:
    """Wait until the film is drawn, and end the tour that greets a new user."""
    page.locator("[data-cy='viewport-pane'] canvas, .cornerstone-canvas").first.wait_for(timeout=LIMIT_MS)
    page.get_by_text("SEG", exact=True).first.wait_for(timeout=LIMIT_MS)
    page.wait_for_load_state("networkidle", timeout=LIMIT_MS)
    tour = page.get_by_text("Skip all")
    try:
        tour.first.click(timeout=PATIENCE_MS)
    except Unseen:
        return


def _load_segmentation(page: Page) -> bool:
    """Open the SEG series, answer that it be loaded, and open the list of segments; False when it was never loaded."""
    page.locator("[data-cy='study-browser-thumbnail-no-image']").filter(has_text="SEG").first.dblclick(timeout=PATIENCE_MS)
    try:
        page.get_by_text("LOAD", exact=True).first.click(timeout=PATIENCE_MS)
        page.wait_for_function("window.cornerstoneTools.segmentation.state.getSegmentations().length > 0", timeout=PATIENCE_MS)
    except Unseen:
        return False
    page.wait_for_load_state("networkidle", timeout=LIMIT_MS)
    page.locator("[data-cy='panelSegmentation-btn'], #panelSegmentation-btn").first.dispatch_event("click")
    page.wait_for_timeout(2000)  # the panel slides in, and the film is drawn again
    return True


def _shown(held: list[dict[str, Any]], said: tuple[str, ...]) -> Shown:
    pictures = [picture for one in held for picture in one["pictures"]]
    if len(pictures) != 1:
        return Shown(None, {}, said)
    values = np.frombuffer(base64.b64decode(pictures[0]["values"]), np.uint16)
    names = {int(number): str(label) for number, label in held[0]["names"].items() if int(number)}
    return Shown(values.reshape(pictures[0]["rows"], pictures[0]["columns"]), names, said)
