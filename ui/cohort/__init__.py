"""Beyond one case: a set of cases, similar past ones, two beside each other."""
