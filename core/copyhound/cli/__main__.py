"""`python -m copyhound.cli`: the same as `copyhound`."""

from copyhound.cli import main

main(prog_name="copyhound")
