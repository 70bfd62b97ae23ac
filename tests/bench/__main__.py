"""`make bench`: everything that is fast, beside a named peer in the same run; read the ratios, not the seconds."""

from tests.bench import build, sparql, steps

if __name__ == "__main__":
    build.measure()
    steps.measure()
    sparql.measure()
