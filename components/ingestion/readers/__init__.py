"""One reader a layout of files; each returns raw columns, which `typed` checks."""
