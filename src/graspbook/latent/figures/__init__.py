"""Pictures and colours of the paper's pages."""
