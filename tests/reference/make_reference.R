# Makes reference.json, the numbers that the Python tests compare with. Not needed to run them.
#
#   Rscript make_reference.R      (in this folder; R with metafor, lme4 and jsonlite)
#
# metafor's default controls leave errors up to 4e-3 relative in tau2, so they are tightened here.

suppressMessages({
  library(metafor)
  library(lme4)
  library(jsonlite)
})

# Invented counts unless the name says otherwise. Each is events out of total, one pair per study.
bcg <- dat.bcg
pritz <- dat.pritz1997
proportions <- list(
  bcg_vaccinated = list(xi = bcg$tpos, ni = bcg$tpos + bcg$tneg),
  pritz1997 = list(xi = pritz$xi, ni = pritz$ni),
  zero_cells = list(xi = c(0, 1, 0, 3, 0, 2), ni = c(12, 30, 8, 41, 25, 19)),
  near_one = list(
    xi = c(19, 34, 12, 27, 58, 9, 22, 40, 15, 31),
    ni = c(20, 36, 12, 29, 60, 9, 26, 41, 18, 33)
  ),
  two = list(xi = c(7, 22), ni = c(15, 30)),
  three = list(xi = c(14, 30, 9), ni = c(20, 35, 24)),
  alike = list(xi = c(8, 16, 25, 12, 20), ni = c(10, 20, 31, 15, 25)),
  twenty = list(
    xi = c(5, 18, 0, 33, 12, 7, 61, 24, 10, 3, 45, 16, 29, 8, 52, 14, 6, 21, 11, 38),
    ni = c(9, 25, 6, 50, 31, 7, 88, 60, 24, 17, 70, 33, 35, 20, 96, 15, 19, 47, 13, 44)
  ),
  large = list(
    xi = c(420000, 610, 51, 98000, 4400),
    ni = c(1000000, 2000, 120, 180000, 9000)
  )
)
comparisons <- list(
  bcg = list(ai = bcg$tpos, n1i = bcg$tpos + bcg$tneg, ci = bcg$cpos, n2i = bcg$cpos + bcg$cneg),
  zero_cells = list(
    ai = c(0, 4, 10, 2, 7), n1i = c(15, 20, 10, 33, 28),
    ci = c(3, 9, 8, 0, 12), n2i = c(14, 22, 11, 30, 26)
  )
)

tight <- list(
  EE = list(), DL = list(), HE = list(), HS = list(), SJ = list(),
  PM = list(tol = 1e-12, maxiter = 10000, tau2.max = 1e4),
  EB = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5),
  ML = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5),
  REML = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5)
)

fit <- function(yi, vi, method, test) {
  r <- rma(yi, vi, method = method, test = test, control = tight[[method]])
  found <- list(
    method = method, test = test, estimate = as.vector(r$beta), se = r$se,
    ci_lb = r$ci.lb, ci_ub = r$ci.ub, tau2 = r$tau2, I2 = r$I2, H2 = r$H2, Q = r$QE, Q_p = r$QEp
  )
  # No test changes the weights.
  if (test == "z") c(found, list(weights = as.vector(weights(r)))) else found
}

# The four conventions, under the names that the package gives them.
prediction <- function(yi, vi, method, convention, test, ...) {
  r <- rma(yi, vi, method = method, test = test, control = tight[[method]])
  p <- predict(r, ...)
  list(method = method, convention = convention, test = test, pi_lb = p$pi.lb, pi_ub = p$pi.ub)
}

predictions <- function(yi, vi) {
  c(
    lapply(random, function(m) prediction(yi, vi, m, "t(k-1)", "t")),
    lapply(c("DL", "REML"), function(m) prediction(yi, vi, m, "z", "z")),
    lapply(c("DL", "REML"), function(m) prediction(yi, vi, m, "HK", "knha")),
    lapply(c("DL", "REML"), function(m) prediction(yi, vi, m, "HK", "adhoc")),
    lapply(c("DL", "REML"), function(m) prediction(yi, vi, m, "HTS", "z", pi.type = "riley"))
  )
}

random <- c("DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML")
profile_control <- list(tol = 1e-13, maxiter = 100000, tau2.max = 1e5)

q_profile <- function(yi, vi) {
  limits <- confint(rma(yi, vi, method = "DL"), control = profile_control)$random
  list(
    tau2_lb = limits[1, 2], tau2_ub = limits[1, 3], I2_lb = limits[3, 2], I2_ub = limits[3, 3],
    H2_lb = limits[4, 2], H2_ub = limits[4, 3]
  )
}

analysis <- function(data, measure, counts) {
  e <- do.call(escalc, c(list(measure = measure), counts))
  yi <- as.vector(e$yi)
  vi <- as.vector(e$vi)
  grid <- expand.grid(
    test = c("z", "knha", "adhoc"), method = random, stringsAsFactors = FALSE
  )
  fits <- c(
    list(fit(yi, vi, "EE", "z")),
    Map(function(m, t) fit(yi, vi, m, t), grid$method, grid$test)
  )
  list(
    data = data, measure = measure, counts = counts, yi = yi, vi = vi, fits = unname(fits),
    predictions = if (length(yi) > 2) predictions(yi, vi), q_profile = q_profile(yi, vi)
  )
}

# lme4's derivative-free optimisers: a tight final radius, and its own convergence tests left on.
glmer_control <- list(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-8, maxfun = 1e5))
AGQ <- 25

glmm <- function(data, counts) {
  r <- rma.glmm(
    measure = "PLO", xi = counts$xi, ni = counts$ni, nAGQ = AGQ, test = "t",
    control = list(glmerCtrl = glmer_control)
  )
  list(
    data = data, counts = counts, estimate = as.vector(r$beta), se = r$se, ci_lb = r$ci.lb,
    ci_ub = r$ci.ub, tau2 = r$tau2, Q_lrt = r$QE.LRT
  )
}

named <- names(proportions)
analyses <- c(
  unlist(lapply(named, function(d) {
    lapply(c("PLO", "PLN", "PR", "PAS", "PFT"), function(m) analysis(d, m, proportions[[d]]))
  }), recursive = FALSE),
  unlist(lapply(names(comparisons), function(d) {
    lapply(c("OR", "RR", "RD"), function(m) analysis(d, m, comparisons[[d]]))
  }), recursive = FALSE)
)

mantel <- lapply(names(comparisons), function(d) {
  r <- do.call(rma.mh, c(list(measure = "OR"), comparisons[[d]]))
  list(
    data = d, counts = comparisons[[d]],
    estimate = exp(as.vector(r$beta)), ci_lb = exp(r$ci.lb), ci_ub = exp(r$ci.ub)
  )
})

exact <- lapply(named, function(d) {
  limits <- Map(function(x, n) binom.test(x, n)$conf.int[1:2], proportions[[d]]$xi, proportions[[d]]$ni)
  list(
    data = d, counts = proportions[[d]],
    lower = sapply(limits, `[`, 1), upper = sapply(limits, `[`, 2)
  )
})

# Back from the double arcsine, with the harmonic mean of the totals and with 1 / (4 vi).
arcsines <- c(-0.1, 0, 0.02, 0.1, 0.3, 0.6, pi / 4, 0.9, 1.2, 1.4, 1.5, 1.56, pi / 2, 2)
freeman_tukey <- lapply(named, function(d) {
  ni <- proportions[[d]]$ni
  r <- rma(measure = "PFT", xi = proportions[[d]]$xi, ni = ni, method = "REML", control = tight$REML)
  list(
    data = d, ni = ni, yi = arcsines, vi = r$se^2,
    miller = transf.ipft.hm(arcsines, targs = list(ni = ni)),
    barendregt = transf.ipft(arcsines, 1 / (4 * r$se^2))
  )
})

reference <- list(
  made = list(
    date = format(Sys.Date()),
    R = R.version.string,
    packages = sapply(c("metafor", "metadat", "lme4", "jsonlite"), function(p) {
      as.character(packageVersion(p))
    }, simplify = FALSE),
    calls = list(
      effects = "escalc(measure, ...)",
      fits = "rma(yi, vi, method, test, control = tight[[method]])",
      predictions = "predict(rma(yi, vi, method, test, control = tight[[method]]), pi.type)",
      q_profile = "confint(rma(yi, vi, method = 'DL'), control = profile_control)$random",
      freeman_tukey = "transf.ipft.hm(yi, list(ni)), transf.ipft(yi, 1 / (4 * vi))",
      glmm = "rma.glmm(measure = 'PLO', xi, ni, nAGQ = 25, test = 't', control = list(glmerCtrl))",
      mantel_haenszel = "rma.mh(measure = 'OR', ...)",
      exact = "binom.test(x, n)$conf.int"
    ),
    controls = list(tight = tight[c("PM", "EB", "ML", "REML")], profile = profile_control, glmer = glmer_control)
  ),
  analyses = analyses,
  glmm = lapply(named, function(d) glmm(d, proportions[[d]])),
  mantel_haenszel = mantel,
  freeman_tukey = freeman_tukey,
  exact = exact
)
write_json(reference, "reference.json", digits = I(16), auto_unbox = TRUE, null = "null")
