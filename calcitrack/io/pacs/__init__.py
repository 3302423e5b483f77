"""Find, fetch and send DICOM objects: PACS that speak DICOMweb or DIMSE.

A server is named by one line of text: ``https://HOST/dicom-web`` or ``dimse://AET@HOST:PORT``, with or without a question,
``?PatientID=P1&Modality=DX``. The packages that speak the protocols are optional (``pip install "calcitrack[pacs]"``) and imported on first use.
"""

from calcitrack.io.pacs.address import DimseAddress, WebAddress, names_a_server, parse_address
from calcitrack.io.pacs.fetching import Fetched, fetch
from calcitrack.io.pacs.finding import find_series, find_studies
from calcitrack.io.pacs.found import Series, Study
from calcitrack.io.pacs.options import PacsOptions, options_from_environment
from calcitrack.io.pacs.query import Query
from calcitrack.io.pacs.sending import Confirmation, Sent, send

__all__ = [
    "Confirmation",
    "DimseAddress",
    "Fetched",
    "PacsOptions",
    "Query",
    "Sent",
    "Series",
    "Study",
    "WebAddress",
    "fetch",
    "find_series",
    "find_studies",
    "names_a_server",
    "options_from_environment",
    "parse_address",
    "send",
]
