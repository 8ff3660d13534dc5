"""SMaSH (Nelson et al. 2022), one stage per file: filters, inverse PCA, classifier, Shapley values, ranking."""
