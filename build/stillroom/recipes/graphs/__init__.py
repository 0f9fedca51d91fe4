"""Graph Laplacians, spectral and polynomial filters, message passing."""
