"""Objects on a film that are not deposits: side markers, step wedges, rings, cannulas, splints, clips."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from calcitrack.calibrate.spectrum import DENSITY_G_CM3
from calcitrack.model.image import Mask
from calcitrack.phantom.beamline import Object
from calcitrack.phantom.projection import FilmWindow, FloatImage, Grid
from calcitrack.phantom.shapes import Anatomy
from calcitrack.phantom.specs import PatientSpec, VisitSpec


@dataclass(frozen=True, slots=True)
class WedgeStep:
    """One step of an aluminium wedge: its thickness, and the rows and columns it covers (from, up to).

    For a turned wedge, those of the upright step with the same area and the same middle.
    """

    al_mm: float
    rows: tuple[int, int]
    columns: tuple[int, int]


def place_objects(
    grid: Grid, anatomy: Anatomy, patient: PatientSpec, visit: VisitSpec, limb: Mask, rng: np.random.Generator
) -> tuple[tuple[Object, ...], tuple[WedgeStep, ...]]:
    """All objects of a visit, and the steps of the wedge; a marker or a wedge that finds no free place is left out."""
    objects: list[Object] = []
    spec = visit.distractors
    occupied = limb.copy()
    steps: tuple[WedgeStep, ...] = ()
    if spec.wedge_mm_al:
        wedge = _wedge(grid, occupied, visit, rng)
        if wedge is not None:
            steps, wedge_object = wedge
            objects.append(wedge_object)
            occupied[wedge_object.window.slices] = True
    if spec.marker:
        objects += _marker(grid, occupied, patient.laterality, visit, rng)
    names = [n for n in anatomy.sites if n.startswith("pp")] or list(anatomy.sites)
    for _ in range(spec.rings):
        objects.append(_ring(grid, anatomy, str(rng.choice(names)), rng))
    for _ in range(spec.cannulas):
        objects.append(_cannula(grid, anatomy, rng))
    for _ in range(spec.splints):
        objects.append(_splint(grid, anatomy, rng))
    for _ in range(spec.clips):
        objects.append(_clip(grid, limb, rng))
    return tuple(o for o in objects if not o.window.empty), steps


def _free(occupied: Mask, shape: tuple[int, int], border: tuple[int, int, int, int], rng: np.random.Generator) -> tuple[int, int] | None:
    """(top, left) of a free rectangle, by trial: 200 draws find one wherever a twentieth of the places are free."""
    left, right, top, bottom = border
    height, width = occupied.shape[0] - top - bottom - shape[0], occupied.shape[1] - left - right - shape[1]
    if height <= 0 or width <= 0:
        return None
    for _ in range(200):
        r, c = top + int(rng.integers(height)), left + int(rng.integers(width))
        if not occupied[r : r + shape[0] : 4, c : c + shape[1] : 4].any():
            return r, c
    return None


def _border(visit: VisitSpec, pitch_mm: float, extra_mm: float) -> tuple[int, int, int, int]:
    left, right, top, bottom = (int((m + extra_mm) / pitch_mm) for m in visit.field.margin_mm)
    return left, right, top, bottom


def _wedge(grid: Grid, occupied: Mask, visit: VisitSpec, rng: np.random.Generator) -> tuple[tuple[WedgeStep, ...], Object] | None:
    """An aluminium step wedge along a film's edge, upright or lying."""
    steps = visit.distractors.wedge_mm_al
    for upright in rng.permutation([True, False]):
        length, width = rng.uniform(6.0, 11.0), rng.uniform(7.0, 13.0)
        wide_px = int(width / grid.pitch_mm)
        runs_px = [int(length * run / grid.pitch_mm) for run in visit.distractors.wedge_runs or [1.0] * len(steps)]
        block = np.zeros((sum(runs_px), wide_px), np.float32)
        ends = np.cumsum([0, *runs_px])
        for al, start, end in zip(steps, ends[:-1], ends[1:], strict=True):
            block[start:end] = al / 10 * DENSITY_G_CM3["aluminium"]
        areal, middles = _turned(block if upright else block.T, (ends[:-1] + ends[1:]) / 2, visit.distractors.wedge_turn_deg, upright=bool(upright))
        place = _free(occupied, areal.shape, _border(visit, grid.pitch_mm, 3.0), rng)
        if place is None:
            continue
        marks = []
        for al, run, middle in zip(steps, runs_px, middles, strict=True):
            extent = (run, wide_px) if upright else (wide_px, run)
            first = [round(place[k] + middle[k] - extent[k] / 2) for k in (0, 1)]
            marks.append(WedgeStep(al, (first[0], first[0] + extent[0]), (first[1], first[1] + extent[1])))
        window = FilmWindow(place[0], place[0] + areal.shape[0], place[1], place[1] + areal.shape[1])
        return tuple(marks), Object("aluminium", window, areal)
    return None


def _turned(block: FloatImage, along: np.ndarray, turn_deg: float, *, upright: bool) -> tuple[FloatImage, list[tuple[float, float]]]:
    """An upright or lying block turned about its middle in a window that holds it, and (row, column) of the points `along` its middle line there."""
    height, width = block.shape
    points = [(a, width / 2) if upright else (height / 2, a) for a in along.tolist()]
    if not turn_deg:
        return np.ascontiguousarray(block), points
    c, s = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    size = int(np.ceil(height * c + width * abs(s))) + 2, int(np.ceil(width * c + height * abs(s))) + 2
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn_deg, 1.0)
    matrix[:, 2] += ((size[1] - width) / 2, (size[0] - height) / 2)
    turned = np.asarray(cv2.warpAffine(np.ascontiguousarray(block), matrix, size[::-1]), np.float32)
    moved = [matrix @ (column - 0.5, row - 0.5, 1.0) for row, column in points]
    return turned, [(float(y) + 0.5, float(x) + 0.5) for x, y in moved]


def _marker(grid: Grid, occupied: Mask, letter: str, visit: VisitSpec, rng: np.random.Generator) -> list[Object]:
    """A lead letter, sometimes with initials and a frame, turned at random."""
    size = int(rng.uniform(9, 22) / grid.pitch_mm)
    text = letter if rng.random() < 0.6 else letter + str(rng.choice(["AK", "12", "JB", "7"]))
    canvas = np.zeros((size * 2, size * 2), np.uint8)
    weight = max(1, round(size * 0.09))
    (w, h), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, weight)
    scale = size * 0.75 / max(w, h)
    cv2.putText(canvas, text, (int(size - w * scale / 2), int(size + h * scale / 2)), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, weight, cv2.LINE_AA)
    if rng.random() < 0.3:
        cv2.circle(canvas, (size, size), int(size * 0.62), 255, max(1, weight // 2), cv2.LINE_AA)
    turn = float(rng.choice([0, 0, 90, 180])) + float(rng.normal(0, 12))
    canvas = np.asarray(cv2.warpAffine(canvas, cv2.getRotationMatrix2D((float(size), float(size)), turn, 1.0), (size * 2, size * 2)), np.uint8)
    place = _free(occupied, canvas.shape, _border(visit, grid.pitch_mm, 1.0), rng)
    if place is None:
        return []
    window = FilmWindow(place[0], place[0] + canvas.shape[0], place[1], place[1] + canvas.shape[1])
    return [Object("lead", window, np.asarray(canvas * (1.1 / 255), np.float32))]


def _drawn(grid: Grid, material: str, lines: list[np.ndarray], width_mm: float, areal: float, *, closed: bool = False) -> Object:
    """An object of lines through points in the room, shape (n, 3) each."""
    pixels = [np.stack(grid.project(p), 1) for p in lines]
    every = np.concatenate(pixels)
    pad = 3 * width_mm / grid.pitch_mm + 3
    top, left = max(0, int(every[:, 0].min() - pad)), max(0, int(every[:, 1].min() - pad))
    bottom, right = min(grid.rows, int(every[:, 0].max() + pad)), min(grid.columns, int(every[:, 1].max() + pad))
    window = FilmWindow(top, max(top, bottom), left, max(left, right))
    if window.empty:
        return Object(material, window, np.zeros((0, 0), np.float32))
    canvas = np.zeros(window.shape, np.uint8)
    for line in pixels:
        points = np.round((line[:, ::-1] - [left, top]) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], closed, 255, max(1, round(width_mm / grid.pitch_mm)), cv2.LINE_AA, 4)
    return Object(material, window, np.asarray(canvas * (areal / 255), np.float32))


def _ring(grid: Grid, anatomy: Anatomy, name: str, rng: np.random.Generator) -> Object:
    """A finger ring seen almost from its side."""
    site = anatomy.sites[name]
    u = site.length_mm * rng.uniform(0.2, 0.5)
    t = np.linspace(0, 2 * np.pi, 72)
    a, b = site.flesh_half_mm[0] * 1.02, site.flesh_half_mm[1] * 1.05
    lean = rng.normal(0, 0.18)
    points = site.frame.place(np.stack([a * np.cos(t), u + lean * b * np.sin(t), b * np.sin(t)], 1))
    material = str(rng.choice(["gold", "silver", "steel"]))
    width = float(rng.uniform(1.5, 4.5))
    return _drawn(grid, material, [points], width, float(rng.uniform(2.0, 5.0)))


def _cannula(grid: Grid, anatomy: Anatomy, rng: np.random.Generator) -> Object:
    """A venous cannula: a thin steel or plastic tube along a vein, with a hub."""
    name = str(rng.choice(list(anatomy.sites)))
    site = anatomy.sites[name]
    start = np.array([rng.uniform(-1, 1) * site.flesh_half_mm[0] * 0.7, rng.uniform(0, 0.5) * site.length_mm, site.flesh_half_mm[1] * 0.9])
    heading, length = rng.normal(0, 0.3), rng.uniform(18, 38)
    t = np.linspace(0, 1, 24)[:, None]
    along = np.array([np.sin(heading), np.cos(heading), -0.1]) * length
    points = site.frame.place(start + t * along + np.sin(np.pi * t) * rng.normal(0, 1.0, 3))
    if rng.random() < 0.5:
        return _drawn(grid, "steel", [points], float(rng.uniform(0.7, 1.1)), float(rng.uniform(0.15, 0.5)))
    return _drawn(grid, "gypsum", [points], float(rng.uniform(1.0, 1.6)), float(rng.uniform(0.08, 0.25)))


def _splint(grid: Grid, anatomy: Anatomy, rng: np.random.Generator) -> Object:
    """An aluminium or plaster splint under one segment: a straight-edged slab."""
    site = anatomy.sites[str(rng.choice(list(anatomy.sites)))]
    half, length = site.flesh_half_mm[0] * rng.uniform(0.7, 1.1), site.length_mm * rng.uniform(1.0, 2.2)
    corners = np.array([[-half, 0, -12], [half, 0, -12], [half, length, -12], [-half, length, -12.0]])
    row, column = grid.project(site.frame.place(corners))
    window = FilmWindow(
        max(0, int(row.min())), min(grid.rows, int(row.max()) + 2), max(0, int(column.min())), min(grid.columns, int(column.max()) + 2)
    )
    if window.empty:
        return Object("aluminium", window, np.zeros((0, 0), np.float32))
    drawn = np.zeros(window.shape, np.uint8)
    points = np.round(np.stack([column - window.left, row - window.top], 1) * 16).astype(np.int32)
    cv2.fillPoly(drawn, [points], 255, cv2.LINE_AA, 4)
    canvas = (drawn / np.float32(255)).astype(np.float32)
    if rng.random() < 0.5:
        return Object("aluminium", window, np.asarray(canvas * rng.uniform(0.15, 0.4), np.float32))
    return Object("gypsum", window, _plaster(canvas, rng))


def _plaster(mask: FloatImage, rng: np.random.Generator) -> FloatImage:
    """Layers of plaster gauze: uneven."""
    rough = cv2.GaussianBlur(rng.standard_normal(mask.shape, dtype=np.float32), (0, 0), 5.0)
    return np.asarray(mask * np.clip(0.45 + 0.6 * rough / max(float(rough.std()), 1e-6) * 0.15, 0.2, 0.8), np.float32)


def _clip(grid: Grid, limb: Mask, rng: np.random.Generator) -> Object:
    """A surgical clip or a foreign metal splinter: a bright sliver of a few mm."""
    rows, columns = np.nonzero(limb[::8, ::8])
    k = int(rng.integers(len(rows))) if len(rows) else 0
    row, column = (float(rows[k] * 8), float(columns[k] * 8)) if len(rows) else (grid.rows / 2, grid.columns / 2)
    angle, length = rng.uniform(0, np.pi), rng.uniform(2.5, 6.0) / grid.pitch_mm
    x = grid.x_of(np.array([column, column + length * np.cos(angle)]))
    y = grid.y_of(np.array([row, row + length * np.sin(angle)]))
    points = np.stack([x, y, np.zeros(2)], 1)
    return _drawn(grid, str(rng.choice(["titanium", "steel"])), [points], float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.3, 0.9)))
