"""One reader a layout of files; each returns checked columns."""
