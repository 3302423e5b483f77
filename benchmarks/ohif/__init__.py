"""Whether OHIF shows our Segmentations over their films: ``python -m benchmarks.ohif`` says how (needs a browser, Orthanc and OHIF's npm package)."""
