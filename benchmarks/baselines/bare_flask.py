"""P1's baseline: a Flask app that only answers every code with a 302, on the same server."""

from flask import Flask, redirect
from werkzeug.wrappers import Response

from referral.config import Settings
from referral.http.serve import serve


def create() -> Flask:
    """The app."""
    app = Flask("bare")

    @app.get("/<code>")
    def follow(code: str) -> Response:
        return redirect("https://example.com/follow")

    return app


if __name__ == "__main__":
    serve("benchmarks.baselines.bare_flask:create", Settings.from_env())
