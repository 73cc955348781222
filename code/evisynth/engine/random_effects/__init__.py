"""The normal-normal model: weights, estimators of tau2, intervals, `rma` and its result.

Everything takes one data set of k studies or a stack of B of them.
"""
