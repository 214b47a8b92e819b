"""What registries and the literature say now: clients, readers of their files, and proposals of table rows.

Only the modules of this package reach the network, and only when ``mesokg refresh`` or ``mesokg discover`` is asked
to. Nothing here is imported by build, validate, query, export or serve.

==============  ===========================================================================
``faults``      what can go wrong between a registry and us, as exceptions
``cache``       answers on disk, with the day they were fetched; every version of a record
``web``         one polite client: rate, retries, deadlines, sizes, redirects
``files``       studies out of files: pages, lists, folders, gzip, of any size
``records``     what one study record says, typed
``ctgov``       ClinicalTrials.gov API v2: reader and client
``results``     the results section of a study as rows of ``outcomes.tsv``
``pubmed``      PubMed and Europe PMC: reader and client
``terms``       HGNC and the Ontology Lookup Service: reader and client
``proposals``   a study as rows of our tables
``drift``       the drift report: terminal, TSV, HTML
``commands``    ``mesokg refresh`` and ``mesokg discover``
==============  ===========================================================================
"""

__all__: list[str] = []
