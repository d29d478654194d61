"""Validation of documents that callers send: marshmallow schemas whose messages say what to write instead."""
