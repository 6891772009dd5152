"""Record and images -> findings: text in two languages, laboratory values, images, genes, history."""
