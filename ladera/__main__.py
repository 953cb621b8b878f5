"""`python -m ladera`."""

from ladera.cli import main

main()
