"""What every other room stands on: which code makes a result, and the names that follow from it."""
