"""The database: typed models, sessions, migrations and repositories. The only package that imports sqlalchemy.

Callers open a `Database`, take a connection from `read()`, `write()` or `snapshot()`, and pass it to the functions of
the repositories. Nothing outside needs to know what a connection is.
"""
