"""Texts and templates of the pages of this service."""
