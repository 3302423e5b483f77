"""Trains the network of `calcitrack.segment` on simulated films: ``python -m benchmarks.segmenter`` (needs the dependency group ``train``)."""
