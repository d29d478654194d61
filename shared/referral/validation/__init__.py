"""Validation of documents from callers: marshmallow schemas with messages that include what to write instead."""
