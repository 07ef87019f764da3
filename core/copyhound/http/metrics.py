"""Figures of the HTTP server, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

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
        self._build = Counter("copyhound_build", "Always 1; tells the version.", ("version",), registry=self.registry)
        self._build.labels(__version__).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)
