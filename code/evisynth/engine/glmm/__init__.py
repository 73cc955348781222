"""The binomial-normal model by maximum likelihood: integration, fit, limits, `rma_glmm`."""
