"""The binomial-normal model by maximum likelihood: integration, fit, `rma_glmm`."""
