"""`make bench`: everything that is fast, beside a named peer in the same run; read the ratios, not the seconds."""

from tests.bench import sparql, steps

if __name__ == "__main__":
    steps.measure()
    sparql.measure()
