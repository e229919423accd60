"""The book in a browser: executed notebooks, claims and sources become the pages that Sphinx builds into `site/`."""
