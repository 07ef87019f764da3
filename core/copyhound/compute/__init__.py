"""The pool of limited processes in which hostile pictures are decoded and fingerprinted."""
