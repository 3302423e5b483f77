"""The film-quality gate: whether the picture is what its header says, and one that the networks can read.

It stands between the overview of the limb, whose answers it uses, and the search. On a film without doubt it asks no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from calcitrack.model.display import beside_limit, percent_beside_limit
from calcitrack.model.film_quality import FilmDoubt, FilmProblem, Severity, by_severity, overruled
from calcitrack.model.image import Acquisition, FloatImage, Mask, Radiograph
from calcitrack.model.two_limbs import BOTH, PAIRED_PARTS
from calcitrack.segment.grid import WORKING_PIXEL_MM
from calcitrack.segment.limbs import COARSE, COARSE_MM, area_cm2, touching, two_limbs, width_mm
from calcitrack.segment.overview import LEAST_FILM_MM, Overview, certainty_as_negative

DOUBTED_CERTAINTY, LEAST_CERTAINTY = 0.85, 0.7
"""Mean certainty of bone or no bone within the limb below which the negative is looked at too, and below which a film is unlike those of limbs.
`python -m benchmarks.film_gate` measures it: 0.73 or more on real and simulated films of limbs, at most 0.78 on their negatives."""
CERTAINER_AS_NEGATIVE = 0.05
"""A film that is by this much more certain as a negative is one: a film of a limb is less certain by 0.07 or more. By the same command."""
MOST_BONE, WHOLE_VIEW = 0.78, 0.8
"""Greatest share of a limb that is bone, where the limb covers less of the field than the second: beside a joint that fills the film there may be
little flesh. 0.72 is the most on films of limbs, and a breast, taken for bone whole, has 0.84. By the same command."""
BREAST = "BREAST"
"""Body Part Examined of a breast (PS3.16, annex L)."""
UNSEEN_PARTS = frozenset(
    ("CHEST", "THORAX", "TRUNK", "ABDOMEN", "PELVIS", "HEAD", "SKULL", "JAW", "NECK", "SPINE", "CSPINE", "TSPINE", "LSPINE", "SSPINE")
)
"""Values of Body Part Examined (PS3.16, annex L) of which the networks have seen nothing."""
MAMMOGRAPHY = "MG"
"""Modality (0008,0060) of breasts (PS3.3, C.7.3.1.1.1)."""
WIDEST_MM: Mapping[str, float] = MappingProxyType(
    {"HAND": 130.0, "WRIST": 130.0, "FINGER": 130.0, "FOOT": 150.0, "TOE": 150.0, "ANKLE": 170.0, "ELBOW": 190.0, "FOREARM": 190.0, "KNEE": 260.0}
)
"""Diameter of the largest circle within the limb that no person's part exceeds, mm: a broad hand is 105 mm at the knuckles (95th percentile of men,
97 mm; NASA-STD-3000, 3.3.1.3), an obese knee about 220 mm."""
ADULT_YEARS = 18.0
ADULT_LEAST_MM: Mapping[str, float] = MappingProxyType({"HAND": 55.0, "FOOT": 45.0, "KNEE": 75.0})
"""The same of adults: the least, mm. A narrow hand is 69 mm at the knuckles (5th percentile of women; NASA-STD-3000, 3.3.1.3)."""
THUMB_MM = 30.0
"""What is no wider may be one finger or toe of the stated hand or foot: a thumb is 26 mm broad at most (95th percentile of men; Greiner 1991,
Natick/TR-92/011), and a film enlarges it."""
PENUMBRA = 2
"""Coarse pixels (0.8 mm) at the edge of the field in which a blade's shadow hides the limb: about 1 mm (`calcitrack.phantom.simulate`)."""
LEAST_FOREIGN_CM2 = 1.0
"""Smaller objects are rings and letters at the skin, which the search leaves out by itself."""
AT_THE_END = 0.002
"""Values within this share of the film's range from its end are at the end: half a grey level of 8 bits."""
MOST_BURNT = 0.05
"""Greatest share of a limb at one end of the film's values; 0.014 is the most on films of limbs (`python -m benchmarks.film_gate`)."""
MOST_CONFIDENT_WHERE_DOUBTED, MOST_CONFIDENT_OVERRULED, MOST_CONFIDENT_ON_UNSEEN_PART = 0.96, 0.9, 0.55
"""On a doubted film no find is surer than this. The confidence was fitted on films without such doubts, and its last percents rest on them. On the
first kind all counts that would count (`MIN_CONFIDENCE` and `MASS_CONFIDENCE` in `calcitrack.segment.options`: 0.95, of masses 0.6), on the second
masses alone, and nothing on the third: vertebrae, ribs and vessels of the trunk look like masses of a limb."""
SURE_BONE = 0.8
"""Probability from which bone makes a part of a picture a limb of its own: grey fields within the collimator's edge hold vague bone."""
MAY_TOUCH = ("HAND", "FOOT")
"""Values of Body Part Examined of limbs that are told apart where they touch: their bones and flesh have no narrow place of their own."""
MOST_CONFIDENT: Mapping[FilmProblem, float] = MappingProxyType(
    {
        FilmProblem.UNSEEN_PART: MOST_CONFIDENT_ON_UNSEEN_PART,
        FilmProblem.UNLIKE: MOST_CONFIDENT_OVERRULED,
        FilmProblem.BREAST: MOST_CONFIDENT_OVERRULED,
    }
)
"""Of the doubts that say that the networks have seen nothing like it; the last two where a person overrules the refusal."""
DAYS_A_YEAR = 365.25


def film_doubts(radiograph: Radiograph, image: FloatImage, field: Mask, seen: Overview) -> tuple[FilmDoubt, ...]:
    """What may be wrong with a film as such, most serious first.

    Parameters
    ----------
    radiograph
        The film, for what its header states.
    image
        Its attenuation on the search grid, shape (rows, columns).
    field
        The same shape: where the beam reached the detector.
    seen
        What the overview sees on it.
    """
    stated = radiograph.measure_anyway
    told = overruled(_by_header(radiograph.acquisition), stated)
    if any(d.severity is Severity.REFUSED for d in told):
        return told
    return by_severity((*told, *overruled(_by_picture(radiograph, image, field, seen), stated)))


def _by_header(acquisition: Acquisition) -> tuple[FilmDoubt, ...]:
    """What the header says against the film."""
    part, modality = _part(acquisition), acquisition.modality
    if part == BREAST or modality == MAMMOGRAPHY:
        return (FilmDoubt(FilmProblem.BREAST, f"Body Part Examined {part or 'not stated'}, Modality {modality or 'not stated'}"),)
    return (FilmDoubt(FilmProblem.UNSEEN_PART, f"Body Part Examined {part}"),) if part in UNSEEN_PARTS else ()


def _by_picture(radiograph: Radiograph, image: FloatImage, field: Mask, seen: Overview) -> tuple[FilmDoubt, ...]:
    """What the picture shows; of a picture in which bone cannot be told from flesh nothing else is asked."""
    every = (slice(None, None, COARSE),) * 2
    limb = np.asarray((seen.limb[every] > 0.5) & field[every], bool)
    if max(image.shape) * WORKING_PIXEL_MM < LEAST_FILM_MM or not limb.any():
        return ()
    bone = np.asarray((seen.bone[every] > 0.5) & limb, bool)
    unlike = _not_as_films_of_limbs(image, field, limb, bone, seen.bone[every])
    if unlike is not None:
        return (unlike,)
    foreign = area_cm2(np.asarray((seen.foreign[every] > 0.5) & limb, bool))
    sure = np.asarray((seen.bone[every] > SURE_BONE) & limb, bool)
    found = [
        _two_limbs(radiograph.acquisition, limb, sure),
        _wrong_size(radiograph, limb, field[every]),
        _burnt_out(image[every], field[every], limb),
    ]
    if foreign >= LEAST_FOREIGN_CM2:
        found.append(FilmDoubt(FilmProblem.FOREIGN, f"{foreign:.0f} cm2 of the limb"))
    return tuple(d for d in found if d is not None)


def cautious(confidence: float, doubts: Iterable[FilmDoubt]) -> float:
    """The confidence of a find on a film with these doubts.

    Examples
    --------
    >>> doubt = FilmDoubt(FilmProblem.LOSSY, "blocks")
    >>> cautious(0.99, []), cautious(0.99, [doubt]), cautious(0.5, [doubt])
    (0.99, 0.96, 0.5)
    """
    most = (MOST_CONFIDENT.get(d.problem, MOST_CONFIDENT_WHERE_DOUBTED) for d in doubts if d.severity is Severity.DOUBTED)
    return min((confidence, *most))


def _part(acquisition: Acquisition) -> str:
    return acquisition.body_part_examined.strip().upper()


def _not_as_films_of_limbs(image: FloatImage, field: Mask, limb: Mask, bone: Mask, chance: FloatImage) -> FilmDoubt | None:
    """Whether bone cannot be told from flesh, as the film lies or because it is a negative."""
    certainty = float(np.abs(2 * chance[limb] - 1).mean())
    share = np.count_nonzero(bone) / np.count_nonzero(limb)
    whole_view = np.count_nonzero(limb) < WHOLE_VIEW * np.count_nonzero(field[::COARSE, ::COARSE])
    if certainty < DOUBTED_CERTAINTY:
        negative = certainty_as_negative(image, field)
        if negative > certainty + CERTAINER_AS_NEGATIVE:
            said = f"bone is told from flesh with a certainty of {certainty:.2f}, and of {negative:.2f} in its negative"
            return FilmDoubt(FilmProblem.INVERTED, said)
    if certainty >= LEAST_CERTAINTY and (share <= MOST_BONE or not whole_view):
        return None
    if certainty < LEAST_CERTAINTY:
        return FilmDoubt(
            FilmProblem.UNLIKE, f"a certainty of {beside_limit(certainty, LEAST_CERTAINTY, 2)}; films of limbs reach {LEAST_CERTAINTY:g} or more"
        )
    return FilmDoubt(FilmProblem.UNLIKE, f"{percent_beside_limit(share, MOST_BONE)} of it look like bone; of limbs at most {100 * MOST_BONE:g} %")


def _two_limbs(acquisition: Acquisition, limb: Mask, bone: Mask) -> FilmDoubt | None:
    """Whether two parts of the picture are limbs of like size, with air or a narrow neck between them, or the header states both and one is seen."""
    found = two_limbs(limb, bone)
    if found is not None:
        return FilmDoubt(FilmProblem.TWO_LIMBS, " and ".join(f"{area_cm2(part):.0f} cm2" for part in found))
    widths = touching(limb) if _part(acquisition) in MAY_TOUCH else None
    if widths is not None:
        return FilmDoubt(FilmProblem.TWO_LIMBS, f"they touch: parts of {widths[0]:.0f} and {widths[1]:.0f} mm with a narrow neck between them")
    if acquisition.laterality == BOTH and _part(acquisition) in PAIRED_PARTS:
        return FilmDoubt(FilmProblem.TWO_LIMBS, f"laterality {BOTH} is stated; one limb is seen, or they touch")
    return None


def _burnt_out(image: FloatImage, field: Mask, limb: Mask) -> FilmDoubt | None:
    """Whether much of the limb is at one end of the film's values."""
    low, high = float(image[field].min()), float(image[field].max())
    margin = AT_THE_END * (high - low)
    for end, at in (("greatest", image > high - margin), ("least", image < low + margin)):
        share = np.count_nonzero(at & limb) / np.count_nonzero(limb)
        if share > MOST_BURNT:
            return FilmDoubt(FilmProblem.BURNT_OUT, f"{100 * share:.0f} % of the limb at the {end} value")
    return None


def _may_be_part(limb: Mask, field: Mask, width: float, least_mm: float) -> bool:
    """Whether a narrow limb may be a finger, or a part of a limb that an edge cuts: it would be wide enough if it went on beyond.

    Edges are those of the picture and of the collimator's blades within it.
    """
    return width <= THUMB_MM or width_mm(_gone_on(limb, field, round(least_mm / COARSE_MM))) >= least_mm


def _gone_on(limb: Mask, field: Mask, steps: int) -> Mask:
    """The limb, gone on beyond the field as it is at the nearest place within; so many coarse pixels beyond the picture."""
    within = np.pad(ndimage.binary_erosion(field, iterations=PENUMBRA, border_value=1), steps)
    if not within.any():
        return limb
    nearest = ndimage.distance_transform_edt(~within, return_distances=False, return_indices=True)
    return np.asarray(np.pad(limb, steps)[tuple(nearest)])


def _wrong_size(radiograph: Radiograph, limb: Mask, field: Mask) -> FilmDoubt | None:
    """Whether the limb has a width that nobody has at the stated size of a pixel."""
    pixel_mm = radiograph.spacing.mean_mm
    part = _part(radiograph.acquisition)
    if pixel_mm is None or part not in WIDEST_MM:
        return None
    width, widest, least = width_mm(limb), WIDEST_MM[part], ADULT_LEAST_MM.get(part, 0.0)
    if width > widest:
        return FilmDoubt(FilmProblem.PIXEL_SIZE, f"{_wide(width, widest, pixel_mm)}; {part} is stated, which is at most {widest:g} mm wide")
    if width < least and _is_adult(radiograph.acquisition) and not _may_be_part(limb, field, width, least):
        of_adult = f"{part} is stated, which is at least {least:g} mm wide in adults"
        return FilmDoubt(FilmProblem.PIXEL_SIZE, f"{_wide(width, least, pixel_mm)}; {of_adult}")
    return None


def _wide(width: float, limit: float, pixel_mm: float) -> str:
    return f"a limb of {beside_limit(width, limit, 0)} mm at {pixel_mm:.3g} mm a pixel"


def _is_adult(acquisition: Acquisition) -> bool:
    birth, taken = acquisition.patient_birth_date, acquisition.acquisition_time
    return birth is not None and taken is not None and (taken.date() - birth).days >= ADULT_YEARS * DAYS_A_YEAR
