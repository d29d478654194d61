"""A stand-in of WeChat on this machine, made from WeChat's public documentation: its API, and the callbacks that people cause."""
