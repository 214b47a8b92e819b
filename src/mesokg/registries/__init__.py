"""What registries and the literature say now: clients, readers of their files, and proposals of table rows.

Only the modules of this package reach the network, and only when ``mesokg refresh`` or ``mesokg discover`` is asked
to. Nothing here is imported by build, validate, query, export or serve.

========================  ===================================================================
``faults``                what can go wrong between a registry and us, as exceptions
``cache``                 answers on disk, with the day they were fetched; every version of a record
``web``                   one polite client: rate, retries, deadlines, sizes, redirects
``files``                 studies out of files: pages, lists, folders, gzip, of any size
``records``               what one study record says, typed
``ctgov``                 ClinicalTrials.gov API v2: reader and client
``results``               the results section of a study as rows of ``outcomes.tsv``
``pubmed``                PubMed and Europe PMC: reader and client
``authorities``           answers of HGNC, OLS, UniProt, Cellosaurus and NCBI Gene as records
``terms``                 which authority knows which prefix; its client
``ours``                  what our tables say, for comparing
``outside``               every identifier of others that we use, and where
``proposals``             a study as rows of our tables
``drift``                 the drift report: terminal and TSV
``drift_page``            the drift report as a web page
``comparison``            one comparison under way
``compare_trials``        trials with ClinicalTrials.gov
``compare_publications``  publications with PubMed and Europe PMC
``compare_terms``         outside identifiers with their authorities
``accepting``             writes the rows that a curator accepts
``lexicon``               the words by which discovery knows a study
``commands``              ``mesokg refresh`` and ``mesokg discover``
========================  ===================================================================
"""

__all__: list[str] = []
