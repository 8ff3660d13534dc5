# Run SPARK on the matrix and the coordinates in a folder, and write a table of p-values there. Called by spark_r.py.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
set.seed(as.integer(arguments[2]))

# An exit status of its own: without the package the run is skipped and has not failed.
if (!requireNamespace("SPARK", quietly = TRUE)) quit(status = 3)
suppressPackageStartupMessages(library(SPARK))

counts <- as.matrix(Matrix::readMM(file.path(folder, "counts.mtx")))
location <- read.csv(file.path(folder, "coords.csv"), header = FALSE, col.names = c("x", "y"))
dimnames(counts) <- list(seq_len(nrow(counts)) - 1, paste0("spot", seq_len(ncol(counts))))
rownames(location) <- colnames(counts)

object <- CreateSPARKObject(counts = counts, location = location, percentage = 0.1, min_total_counts = 10)
object@lib_size <- colSums(object@counts)
object <- spark.vc(object, covariates = NULL, lib_size = object@lib_size, num_core = 1, fit.maxiter = 500, verbose = FALSE)
object <- spark.test(object, check_positive = TRUE, verbose = FALSE)

found <- object@res_mtest[, c("combined_pvalue", "adjusted_pvalue")]
found <- data.frame(gene = rownames(found), pvalue = found[[1]], qvalue = found[[2]])
write.csv(found, file.path(folder, "found.csv"), row.names = FALSE)
