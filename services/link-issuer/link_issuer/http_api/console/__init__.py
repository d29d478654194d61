"""The console views of this service: sign-in, keys, operators."""
