"""mesokg: an open knowledge graph of gene therapy for mesothelioma."""

__version__ = "0.1.0"
