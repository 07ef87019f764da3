"""Figures of the HTTP server, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from copyhound import __version__


class Metrics:
    """One set of figures for each application, so that two in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "copyhound_http_requests", "Answered requests.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "copyhound_http_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self._capped = Gauge(
            "copyhound_hash_bands_capped",
            "Crowded values of hash bands that searches did not read to their end, since the start.",
            registry=self.registry,
        )
        self._crowded = Gauge(
            "copyhound_index_words_crowded",
            "Words of the index that searches did not read, since the start, for too many entries have them.",
            registry=self.registry,
        )
        self._versions = Counter(
            "copyhound_version_requests", "Requests by version of the API.", ("version",), registry=self.registry
        )
        self._build = Counter("copyhound_build", "Always 1; tells the version.", ("version",), registry=self.registry)
        self._build.labels(__version__).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def used(self, version: str) -> None:
        """A request to a version, or to a deprecated operation."""
        self._versions.labels(version).inc()

    def text(self, *, capped_bands: int = 0, crowded_words: int = 0) -> bytes:
        """All figures; those that are given are counted elsewhere."""
        self._crowded.set(crowded_words)
        self._capped.set(capped_bands)
        return generate_latest(self.registry)
