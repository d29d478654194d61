"""Boards, ranks and growth figures."""
