"""The network of the visitor of a request, as rate limits count it."""

from flask import request

from referral.http.client_network import client_network
from referral.http.context import context


def visitor_network(purpose: bytes) -> str:
    """A keyed hash of the IPv4 address or IPv6 /64 of this request's client, of 16 characters; another one for each purpose."""
    return context().pseudonyms.fingerprint(purpose, client_network(request.remote_addr or "").encode())[:16]
