"""Opens each film of a results folder in OHIF, loads our Segmentation over it, and compares what the viewer holds, pixel on pixel.

Run from the repository root. It needs Orthanc with its DICOMweb plugin and a Chromium (Debian: ``apt-get install orthanc orthanc-dicomweb
chromium``), the dependency group ``viewers`` (``pip install --group viewers``), and the built viewer, here unpacked into a folder ``package``::

    npm pack @ohif/app@3.13.2 && tar xzf ohif-app-3.13.2.tgz
    calcitrack measure sample_data/radiographs/DEV03 --out results --segmentation labelmap
    python -m benchmarks.ohif results --viewer package/dist --picture docs/images/ohif.png

Everything runs on this machine, on loopback, and is gone afterwards.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.ohif.archive import emptied, orthanc, send
from benchmarks.ohif.browser import chromium, show
from benchmarks.ohif.compare import difference, expected
from benchmarks.ohif.site import site
from calcitrack.io.results.export import read_results


def looked_at(browser: Browser, address: str, archive: int, files: list[Path], uids: tuple[str, str]) -> tuple[str, str, bytes]:
    """Send film, Segmentation and report, and look: what was found, the difference, the picture."""
    emptied(archive)
    send(archive, [f for f in files if f.is_file()])
    labels, names = expected(files[1], uids[1])
    shown, picture = show(browser, address, uids[0])
    rows, columns = labels.shape
    return f"{len(names)} segments, {int((labels > 0).sum())} pixels on {rows} x {columns}", difference(shown, labels, names), picture


def main() -> int:
    """Print one line a film; exit code 1 where the viewer holds something else."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="results folder, measured from DICOM files that are still where they were")
    parser.add_argument("--viewer", type=Path, required=True, help="folder dist of the npm package @ohif/app")
    parser.add_argument("--picture", type=Path, help="write what the first film looks like, as PNG")
    parser.add_argument("--films", type=int, default=0, help="look at this many films only")
    arguments = parser.parse_args()
    if not (arguments.viewer / "index.html").is_file():
        sys.exit(f"{arguments.viewer} is not a built viewer: it has no index.html; expected the folder dist of the npm package @ohif/app")
    images = read_results(arguments.results).images
    rows = [r for r in images.itertuples() if (arguments.results / "seg" / f"{r.sop_instance_uid}.dcm").is_file()][: arguments.films or None]
    failed = 0
    with tempfile.TemporaryDirectory() as place, orthanc(Path(place)) as archive, site(arguments.viewer, archive) as address, chromium() as browser:
        for k, row in enumerate(rows):
            name = f"{row.sop_instance_uid}.dcm"
            files = [Path(row.path), arguments.results / "seg" / name, arguments.results / "sr" / name]
            found, other, picture = looked_at(browser, address, archive, files, (row.study_instance_uid, row.sop_instance_uid))
            failed += bool(other)
            print(f"{row.path}: {found}: {other or 'the same in OHIF'}", flush=True)
            if arguments.picture and k == 0:
                arguments.picture.write_bytes(picture)
    print(f"{len(rows)} films, {failed} of them with another Segmentation in OHIF than in the file")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
