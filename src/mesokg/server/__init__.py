"""`mesokg serve`: SPARQL endpoint, linked data, downloads and explorer.

The serving process speaks HTTP and nothing else; worker processes parse and answer (:mod:`mesokg.server.worker`).
"""

__all__: list[str] = []
