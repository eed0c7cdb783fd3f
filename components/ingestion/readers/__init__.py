"""One reader a layout of files; each returns raw columns, which `typed` checks.

To add a format, write its module, name it in `files.READERS`, and its extension in
`layout.EXTENSIONS`.
"""
