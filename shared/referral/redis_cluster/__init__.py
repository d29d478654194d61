"""The client of a Redis Cluster. It has the interface of redis-py's client of one server; README.md explains how it works."""
