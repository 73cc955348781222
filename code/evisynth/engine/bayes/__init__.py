"""The same models with a prior on tau, by quadrature: `bayes_normal`, `bayes_binomial`."""
