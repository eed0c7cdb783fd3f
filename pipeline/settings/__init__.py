"""Settings: what each may be, how texts and files change them, and what is wrong with one."""
