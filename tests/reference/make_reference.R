# Makes reference.json, the numbers that the Python tests compare with. Not needed to run them.
#
#   Rscript make_reference.R      (in this folder; R with metafor, lme4, survival and jsonlite)
#
# metafor's default controls leave errors up to 4e-3 relative in tau2, so they are tightened here.
# Where it nevertheless stops below the highest likelihood, it is told where to start, and the case
# is recorded in the section where_metafor_differs.

suppressMessages({
  library(metafor)
  library(lme4)
  library(survival)
  library(jsonlite)
})

# Invented counts unless the name says otherwise. Each is events out of total, one pair per study.
bcg <- dat.bcg
pritz <- dat.pritz1997
catheters <- dat.nielweise2007
egger <- dat.egger2001
smoke <- dat.hackshaw1998

# The project's own pools: rows of outcomes.csv, as the chapter on children and adults counts them.
rows <- list(
  pool_adults = c(
    "kantarjian2023.t1.topp2014.cr", "kantarjian2023.t1.topp2015.cr",
    "kantarjian2023.t1.kantarjian2017-blina.cr", "kantarjian2023.t1.aldoss2017.cr",
    "kantarjian2023.t1.yoon2019.cr", "kantarjian2023.t1.zhou.cr",
    "kantarjian2023.ph-negative-adults-country-p1.jung.cr",
    "kantarjian2023.t1.kiyoi2020-phase2.cr", "kantarjian2023.t2.martinelli2017.cr",
    "kantarjian2023.t4.boissel2019rr.cr", "kantarjian2023.t4.chiaretti2020.cr",
    "kantarjian2023.t4.apel2020.cr", "kantarjian2023.t4.cabanneshamy2020.cr",
    "kantarjian2023.t4.badar2020-rr.cr"
  ),
  pool_children = c(
    "kantarjian2023.children-p1.schlegel2014.cr",
    "kantarjian2023.children-pivotal-study-p1.vonstackelberg2016.cr",
    "kantarjian2023.children-supportive-clinical-study-p1.locatelli2020-rr.cr",
    "kantarjian2023.children-real-world-p1.locatelli2022neuf-rr.cr",
    "ampatzidou2020.patients.ampatzidou2020c-rr.cr",
    "fuster2020.patients.fuster2020c-blina-overt.cr", "kantarjian2023.t6.beneduce2022-rr.cr",
    "kantarjian2023.t6.pawinska2022-rr.cr", "queudeville2021.3-1-efficacy-p7.horibe2020.cr"
  )
)
outcomes <- read.csv(file.path("..", "..", "data", "outcomes.csv"))
pools <- lapply(rows, function(ids) {
  found <- outcomes[match(ids, outcomes$row_id), ]
  stopifnot(!anyNA(found$events), !anyNA(found$total))
  list(xi = as.integer(found$events), ni = as.integer(found$total))
})
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
  ),
  pool_adults = pools$pool_adults,
  pool_children = pools$pool_children
)
comparisons <- list(
  bcg = list(ai = bcg$tpos, n1i = bcg$tpos + bcg$tneg, ci = bcg$cpos, n2i = bcg$cpos + bcg$cneg),
  zero_cells = list(
    ai = c(0, 4, 10, 2, 7), n1i = c(15, 20, 10, 33, 28),
    ci = c(3, 9, 8, 0, 12), n2i = c(14, 22, 11, 30, 26)
  ),
  nielweise2007 = list(
    ai = catheters$ai, n1i = catheters$n1i, ci = catheters$ci, n2i = catheters$n2i
  )
)
# Given as effects and variances: what a measure such as HR or MS is to the model.
effects_of <- function(measure, counts) {
  e <- do.call(escalc, c(list(measure = measure), counts))
  list(yi = as.vector(e$yi), vi = as.vector(e$vi))
}
egger_counts <- list(ai = egger$ai, n1i = egger$n1i, ci = egger$ci, n2i = egger$n2i)
given <- list(
  bcg = effects_of("RR", comparisons$bcg),
  hackshaw1998 = list(yi = as.vector(smoke$yi), vi = as.vector(smoke$vi)),
  egger2001 = effects_of("OR", egger_counts),
  fine1993 = effects_of("OR", with(dat.fine1993, list(ai = e2i, n1i = nei, ci = c2i, n2i = nci))),
  two_studies = list(yi = c(-0.4, 0.5), vi = c(0.1, 0.25)),
  alike = list(yi = c(0.11, 0.1, 0.12, 0.09), vi = c(0.2, 0.1, 0.15, 0.3)),
  # Restricted likelihoods with two maxima each, found by a random search.
  two_maxima_low = list(
    yi = c(0, -0.3, 0.3, 3.1, -6.1, -3.2), vi = c(0.3, 0.03, 0.03, 2.18, 4.98, 7.59)
  ),
  two_maxima_high = list(
    yi = c(4.7, -5.9, 0.2, -0.6, -0.1, -0.2), vi = c(3.28, 2.55, 0.02, 1.53, 0.02, 0.34)
  ),
  two_maxima_zero = list(yi = c(0.3, 0, 2.7, 1, -2.1), vi = c(0.03, 0.16, 2.49, 0.28, 1.01)),
  two_maxima_inside = list(yi = c(1.3, 0.2, 0.1, 1.5), vi = c(0.51, 0.04, 0.03, 0.44))
)

tight <- list(
  EE = list(), DL = list(), HE = list(), HS = list(), SJ = list(),
  PM = list(tol = 1e-12, maxiter = 10000, tau2.max = 1e4),
  EB = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5),
  ML = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5),
  REML = list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5)
)
random <- c("DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML")
methods <- c("EE", random)
tests <- c("z", "knha", "adhoc")
grid <- expand.grid(test = tests, method = methods, stringsAsFactors = FALSE)

v <- function(x) I(as.vector(unname(x))) # an array in JSON, also of one number
records <- function(...) unname(Filter(Negate(is.null), do.call(Map, list(...))))

# --- the model, at the highest maximum of its likelihood -----------------------------------------

log_likelihood <- function(tau2, yi, vi, X, restricted) {
  w <- 1 / (vi + tau2)
  q <- qr(sqrt(w) * X)
  rest <- sum(qr.resid(q, sqrt(w) * yi)^2)
  half <- -0.5 * (sum(log(vi + tau2)) + rest)
  if (!restricted) return(half - 0.5 * length(yi) * log(2 * pi))
  half - 0.5 * (length(yi) - ncol(X)) * log(2 * pi) -
    sum(log(abs(diag(qr.R(q))))) + sum(log(abs(diag(qr.R(qr(X))))))
}

highest <- function(yi, vi, X, restricted) {
  f <- function(t) log_likelihood(t, yi, vi, X, restricted)
  at <- c(0, exp(seq(log(min(vi) / 1e3), log(max(vi) + 1e2 * var(yi)), length.out = 150)))
  values <- sapply(at, f)
  best <- which.max(values)
  if (best == 1) return(list(tau2 = 0, value = values[1]))
  bounds <- at[c(best - 1, min(best + 1, length(at)))]
  o <- optimize(f, bounds, maximum = TRUE, tol = 1e-12)
  list(tau2 = o$maximum, value = o$objective)
}

differs <- list()
label <- "" # data set in hand, for differs

# rma with tightened controls. metafor starts ML and REML from other estimators and climbs to the
# nearest maximum; where that is not the highest one, it is started there again.
model <- function(yi, vi, method, test, mods = NULL, level = 95) {
  arguments <- list(yi = yi, vi = vi, method = method, test = test, level = level)
  if (!is.null(mods)) arguments$mods <- mods
  run <- function(control) suppressWarnings(do.call(rma, c(arguments, list(control = control))))
  control <- tight[[method]]
  # A threshold is absolute: of differences between rare risks tau2 is 1e-5.
  if (!is.null(control$threshold) && max(vi) < 0.01) control$threshold <- 1e-16
  r <- run(control)
  if (!method %in% c("ML", "REML")) return(r)
  top <- highest(yi, vi, r$X, method == "REML")
  here <- log_likelihood(r$tau2, yi, vi, r$X, method == "REML")
  if (top$value < here + 1e-7) return(r)
  seen <- sapply(differs, function(d) paste(d$data, d$method))
  if (!paste(label, method) %in% seen) {
    differs[[length(differs) + 1]] <<- list(
      data = label, measure = "GEN", method = method, yi = yi, vi = vi,
      mods = if (!is.null(mods)) as.list(as.data.frame(mods)),
      tau2_metafor = r$tau2, log_likelihood_metafor = here,
      tau2_highest = top$tau2, log_likelihood_highest = top$value
    )
  }
  if (top$tau2 > 0) run(c(control, tau2.init = top$tau2))
  else suppressWarnings(do.call(rma, c(arguments, list(tau2 = 0))))
}

fit <- function(yi, vi, method, test) {
  r <- model(yi, vi, method, test)
  found <- list(
    method = method, test = test, estimate = as.vector(r$beta), se = r$se,
    ci_lb = r$ci.lb, ci_ub = r$ci.ub, tau2 = r$tau2, I2 = r$I2, H2 = r$H2, Q = r$QE, Q_p = r$QEp
  )
  # No test changes the weights.
  if (test == "z") c(found, list(weights = as.vector(weights(r)))) else found
}

# The four conventions, under the names that the package gives them.
prediction <- function(yi, vi, method, convention, test, ...) {
  p <- predict(model(yi, vi, method, test), ...)
  list(method = method, convention = convention, test = test, pi_lb = p$pi.lb, pi_ub = p$pi.ub)
}

predictions <- function(yi, vi) {
  some <- c("DL", "REML")
  c(
    lapply(random, function(m) prediction(yi, vi, m, "t(k-1)", "t")),
    lapply(some, function(m) prediction(yi, vi, m, "z", "z")),
    lapply(some, function(m) prediction(yi, vi, m, "HK", "knha")),
    lapply(some, function(m) prediction(yi, vi, m, "HK", "adhoc")),
    lapply(some, function(m) prediction(yi, vi, m, "HTS", "z", pi.type = "riley")),
    # The variance of the mean is that of the test, whatever the quantile.
    lapply(some, function(m) prediction(yi, vi, m, "t(k-1)", "knha")),
    lapply(some, function(m) prediction(yi, vi, m, "t(k-1)", "adhoc")),
    lapply(some, function(m) prediction(yi, vi, m, "HTS", "knha", pi.type = "riley")),
    lapply(some, function(m) prediction(yi, vi, m, "HTS", "adhoc", pi.type = "riley"))
  )
}

profile_control <- list(tol = 1e-13, maxiter = 100000, tau2.max = 1e5)

limits_of <- function(limits) {
  list(
    tau2_lb = limits[1, 2], tau2_ub = limits[1, 3], I2_lb = limits[3, 2], I2_ub = limits[3, 3],
    H2_lb = limits[4, 2], H2_ub = limits[4, 3]
  )
}

q_profile <- function(yi, vi) {
  limits_of(confint(rma(yi, vi, method = "DL"), control = profile_control)$random)
}

# Where a likelihood has two peaks metafor's root is any crossing: those are left to our own tests.
profile_likelihood <- function(yi, vi) {
  records(function(method) {
    r <- model(yi, vi, method, "z")
    top <- profile_control
    top$tau2.max <- 1e3 * (r$tau2 + max(vi) + var(yi))
    found <- suppressWarnings(confint(r, type = "PL", control = top))
    at <- c(0, exp(seq(log(min(vi) / 1e3), log(top$tau2.max), length.out = 400)))
    value <- sapply(at, function(t) log_likelihood(t, yi, vi, r$X, method == "REML"))
    peaks <- sum(diff(sign(diff(c(-Inf, value, -Inf)))) < 0)
    if (found$ub.sign == ">" || anyNA(found$random) || peaks > 1) return(NULL)
    c(list(method = method), limits_of(found$random))
  }, c("ML", "REML"))
}

analysed <- function(yi, vi) {
  list(
    fits = records(function(m, t) fit(yi, vi, m, t), grid$method, grid$test),
    predictions = if (length(yi) > 2) predictions(yi, vi), q_profile = q_profile(yi, vi),
    profile_likelihood = profile_likelihood(yi, vi)
  )
}

analysis <- function(data, measure, counts) {
  label <<- paste(data, measure)
  e <- effects_of(measure, counts)
  c(list(data = data, measure = measure, counts = counts), e, analysed(e$yi, e$vi))
}

# lme4's derivative-free optimisers: a tight final radius, and its own convergence tests left on.
glmer_control <- list(
  optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-8, maxfun = 1e5)
)
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

given_effects <- lapply(names(given), function(d) {
  label <<- d
  c(list(data = d, measure = "GEN"), given[[d]], analysed(given[[d]]$yi, given[[d]]$vi))
})

mantel <- lapply(names(comparisons), function(d) {
  r <- do.call(rma.mh, c(list(measure = "OR"), comparisons[[d]]))
  list(
    data = d, counts = comparisons[[d]],
    estimate = exp(as.vector(r$beta)), ci_lb = exp(r$ci.lb), ci_ub = exp(r$ci.ub)
  )
})

exact <- lapply(named, function(d) {
  xi <- proportions[[d]]$xi
  limits <- Map(function(x, n) binom.test(x, n)$conf.int[1:2], xi, proportions[[d]]$ni)
  list(
    data = d, counts = proportions[[d]],
    lower = sapply(limits, `[`, 1), upper = sapply(limits, `[`, 2)
  )
})

# Back from the double arcsine, with the harmonic mean of the totals and with 1 / (4 vi).
arcsines <- c(-0.1, 0, 0.02, 0.1, 0.3, 0.6, pi / 4, 0.9, 1.2, 1.4, 1.5, 1.56, pi / 2, 2)
freeman_tukey <- lapply(named, function(d) {
  ni <- proportions[[d]]$ni
  counts <- proportions[[d]]
  r <- rma(measure = "PFT", xi = counts$xi, ni = ni, method = "REML", control = tight$REML)
  list(
    data = d, ni = ni, yi = arcsines, vi = r$se^2,
    miller = transf.ipft.hm(arcsines, targs = list(ni = ni)),
    barendregt = transf.ipft(arcsines, 1 / (4 * r$se^2))
  )
})

# --- two arms under a common effect --------------------------------------------------------------

strata <- c(comparisons, list(silent = list(
  ai = c(0, 2, 0, 5), n1i = c(40, 55, 31, 80), ci = c(0, 6, 1, 9), n2i = c(38, 60, 29, 77)
)))
# What is left out before anything is added to a cell.
informative <- function(measure, s) {
  nobody <- s$ai == 0 & s$ci == 0
  everybody <- s$ai == s$n1i & s$ci == s$n2i
  list(OR = !nobody & !everybody, RR = !nobody, RD = rep(TRUE, length(s$ai)))[[measure]]
}
two_arm <- unlist(lapply(names(strata), function(d) {
  s <- strata[[d]]
  record <- function(method, measure, r, ...) {
    list(
      data = d, measure = measure, method = method, counts = s, estimate = as.vector(r$beta),
      se = r$se, ci_lb = r$ci.lb, ci_ub = r$ci.ub, Q = r$QE, Q_p = r$QEp, ...
    )
  }
  mh <- lapply(c("OR", "RR", "RD"), function(m) {
    r <- do.call(rma.mh, c(list(measure = m, add = 0, to = "none", correct = FALSE), s))
    if (m == "OR") record("MH", m, r, CMH = r$MH, CMH_p = r$MHp) else record("MH", m, r)
  })
  iv <- lapply(c("OR", "RR", "RD"), function(m) {
    kept <- lapply(s, `[`, informative(m, s))
    record("IV", m, do.call(rma, c(list(measure = m, method = "EE"), kept)))
  })
  c(mh, list(record("Peto", "OR", do.call(rma.peto, c(s, list(add = 0, to = "none"))))), iv)
}), recursive = FALSE)

# --- moderators ----------------------------------------------------------------------------------

both <- effects_of("PLO", list(
  xi = c(pools$pool_adults$xi, pools$pool_children$xi),
  ni = c(pools$pool_adults$ni, pools$pool_children$ni)
))
children <- rep(0:1, c(length(pools$pool_adults$xi), length(pools$pool_children$xi)))
# Designs with an intercept: without one metafor 3.8 centres yi, which changes QE.
designs <- list(
  bcg_latitude_year = c(given$bcg, list(
    measure = "RR", mods = list(ablat = bcg$ablat, year = bcg$year),
    at = list(ablat = c(13, 33.5), year = c(1950, 1980))
  )),
  bcg_allocation = c(given$bcg, list(
    measure = "RR", mods = list(
      alternate = as.numeric(bcg$alloc == "alternate"),
      systematic = as.numeric(bcg$alloc == "systematic")
    ), at = list(alternate = c(0, 1, 0), systematic = c(0, 0, 1))
  )),
  pools_children = c(both, list(
    measure = "PLO", mods = list(children = children), at = list(children = 0:1)
  ))
)
moderators <- lapply(names(designs), function(d) {
  label <<- d
  s <- designs[[d]]
  mods <- do.call(cbind, s$mods)
  fits <- records(function(m, t) {
    r <- model(s$yi, s$vi, m, t, mods)
    p <- predict(r, newmods = do.call(cbind, s$at))
    found <- list(
      method = m, test = t, coefficients = v(r$beta), se = v(r$se), ci_lb = v(r$ci.lb),
      ci_ub = v(r$ci.ub), statistics = v(r$zval), p = v(r$pval), tau2 = r$tau2, QM = r$QM,
      QM_p = r$QMp, QE = r$QE, QE_p = r$QEp, I2 = r$I2, H2 = r$H2
    )
    # Under equal effects metafor's R2 is about QE.
    if (m != "EE") found$R2 <- r$R2
    if (t == "z") found$hat <- v(hatvalues(r))
    c(found, list(
      covariance = unname(vcov(r)),
      predicted = v(p$pred), predicted_se = v(p$se), predicted_lb = v(p$ci.lb),
      predicted_ub = v(p$ci.ub)
    ))
  }, grid$method, grid$test)
  c(list(data = d), s, list(fits = fits))
})

grouped <- list(
  bcg_allocation = c(given$bcg, list(measure = "RR", groups = bcg$alloc)),
  pools = c(both, list(measure = "PLO", groups = ifelse(children == 1, "children", "adults")))
)
subgroups <- lapply(names(grouped), function(d) {
  label <<- d
  s <- grouped[[d]]
  names_ <- unique(s$groups)
  dummies <- sapply(names_[-1], function(g) as.numeric(s$groups == g))
  fits <- records(function(m, t) {
    r <- model(s$yi, s$vi, m, t, dummies)
    p <- predict(r, newmods = rbind(0, diag(length(names_) - 1)))
    own <- lapply(names_, function(g) model(s$yi[s$groups == g], s$vi[s$groups == g], m, t))
    of <- function(name) sapply(own, function(o) as.vector(o[[name]]))
    apart <- rma(of("beta"), sei = of("se"), method = "EE")
    list(
      method = m, test = t,
      common = list(
        tau2 = r$tau2, Q_between = r$QM, Q_p = r$QMp, estimate = v(p$pred), se = v(p$se),
        ci_lb = v(p$ci.lb), ci_ub = v(p$ci.ub)
      ),
      separate = list(
        tau2 = v(of("tau2")), Q_between = apart$QE, Q_p = apart$QEp, estimate = v(of("beta")),
        ci_lb = v(of("ci.lb")), ci_ub = v(of("ci.ub"))
      )
    )
  }, grid$method, grid$test)
  list(
    data = d, measure = s$measure, yi = s$yi, vi = s$vi, groups = s$groups, names = names_,
    fits = fits
  )
})

# Every order of few studies; the p are shares of the different orders.
six <- c(1, 2, 4, 5, 6, 7)
permuted <- expand.grid(
  test = tests, method = c("DL", "REML"), design = c("latitude", "random"), stringsAsFactors = FALSE
)
permutations <- records(function(d, m, t) {
  mods <- cbind(if (d == "latitude") bcg$ablat else as.numeric(bcg$alloc == "random"))[six, ]
  yi <- given$bcg$yi[six]
  vi <- given$bcg$vi[six]
  r <- permutest(model(yi, vi, m, t, cbind(mods)), exact = TRUE, progbar = FALSE)
  list(
    data = "bcg, six trials", measure = "RR", design = d, method = m, test = t, yi = yi, vi = vi,
    mods = mods, p = v(r$pval), QM_p = r$QMp
  )
}, permuted$design, permuted$method, permuted$test)

# --- each study in turn --------------------------------------------------------------------------

pdf(NULL)
refitted <- c(given["bcg"], list(pool_children = effects_of("PLO", pools$pool_children)))
diagnosed <- expand.grid(
  test = tests, method = c("EE", "DL", "REML"), data = names(refitted), stringsAsFactors = FALSE
)
columns <- function(r) {
  r <- unclass(r)
  wanted <- c("estimate", "se", "ci.lb", "ci.ub", "tau2", "I2", "H2", "Q", "Qp")
  # Under equal effects metafor leaves out tau2, I2 and H2.
  found <- lapply(r[intersect(wanted, names(r))], v)
  names(found) <- sub("Qp", "Q_p", sub(".", "_", names(found), fixed = TRUE))
  found
}
diagnostics <- records(function(d, m, t) {
  s <- refitted[[d]]
  r <- model(s$yi, s$vi, m, t)
  if (m == "EE" && t != "z") return(NULL)
  cases <- influence(r)
  found <- cases$inf
  place <- baujat(r)
  list(
    data = d, measure = if (d == "bcg") "RR" else "PLO", method = m, test = t, yi = s$yi, vi = s$vi,
    influence = list(
      rstudent = v(found$rstudent), dffits = v(found$dffits), cook_d = v(found$cook.d),
      cov_r = v(found$cov.r), tau2_del = v(found$tau2.del), QE_del = v(found$QE.del),
      hat = v(found$hat), weight = v(found$weight), dfbetas = v(cases$dfbs[[1]]),
      influential = v(cases$is.infl)
    ),
    baujat = list(x = v(place$x), y = v(place$y)),
    leave1out = columns(suppressWarnings(leave1out(r))), cumul = columns(suppressWarnings(cumul(r)))
  )
}, diagnosed$data, diagnosed$method, diagnosed$test)

# Subset i has study j where bit j - 1 of i is set; i from 1 to 2^k - 1.
gosh_of <- lapply(c("EE", "DL"), function(m) {
  yi <- given$bcg$yi[1:6]
  vi <- given$bcg$vi[1:6]
  found <- gosh(rma(yi, vi, method = m), progbar = FALSE)
  number <- as.vector(as.matrix(found$incl) %*% 2^(0:5))
  kept <- found$res[order(number), ]
  several <- kept$k > 1
  list(
    data = "bcg, first six trials", measure = "GEN", method = m, yi = yi, vi = vi,
    k = v(kept$k), estimate = v(kept$estimate), tau2 = v(kept$tau2),
    I2 = v(ifelse(several, kept$I2, NA))
  )
})

# --- small-study effects -------------------------------------------------------------------------

funnels <- list(
  bcg = c(given$bcg, list(measure = "RR", ni = comparisons$bcg$n1i + comparisons$bcg$n2i)),
  egger2001 = c(given$egger2001, list(measure = "OR", ni = egger$n1i + egger$n2i))
)
# Records with what they share told once.
by_data <- function(found, shared, inner) {
  unname(lapply(split(found, sapply(found, `[[`, "data")), function(group) {
    own <- lapply(group, function(r) r[setdiff(names(r), shared)])
    c(group[[1]][shared], setNames(list(unname(own)), inner))
  }))
}
asked <- expand.grid(
  predictor = c("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"), data = names(funnels),
  model = c("lm", "rma EE z", "rma DL z", "rma DL knha", "rma REML z", "rma REML adhoc"),
  stringsAsFactors = FALSE
)
regtests <- records(function(d, p, how) {
  s <- funnels[[d]]
  how <- strsplit(how, " ")[[1]]
  record <- list(
    data = d, measure = s$measure, predictor = p, model = how[1], yi = s$yi, vi = s$vi, ni = s$ni
  )
  if (how[1] == "lm") {
    r <- regtest(s$yi, s$vi, ni = s$ni, model = "lm", predictor = p)
    more <- list(statistic = r$zval, df = r$dfs, p = r$pval)
  } else {
    x <- list(
      sei = sqrt(s$vi), vi = s$vi, ni = s$ni, ninv = 1 / s$ni, sqrtni = sqrt(s$ni),
      sqrtninv = 1 / sqrt(s$ni)
    )[[p]]
    # regtest(rma, ...) has no place to start the likelihood from; this is what it fits.
    f <- model(s$yi, s$vi, how[2], how[3], cbind(x))
    r <- regtest(rma(s$yi, s$vi, ni = s$ni, method = how[2], test = how[3],
      control = tight[[how[2]]]), predictor = p)
    stopifnot(abs(r$zval / f$zval[2] - 1) < 1e-6)
    more <- list(
      method = how[2], test = how[3], statistic = f$zval[2], p = f$pval[2],
      coefficient = f$beta[2], se = f$se[2], ci_lb = f$ci.lb[2], ci_ub = f$ci.ub[2],
      tau2 = f$tau2
    )
  }
  limit <- list(limit = r$est, limit_lb = r$ci.lb, limit_ub = r$ci.ub)
  # Towards a study without end: only where its predictor is 0.
  if (!p %in% c("ni", "sqrtni")) more <- c(more, limit)
  c(record, more)
}, asked$data, asked$predictor, asked$model)

regression_tests <- by_data(regtests, c("data", "measure", "yi", "vi", "ni"), "fits")
# metafor 3.8 stops at tau2 = 0, though the likelihood is higher at 0.08.
label <- "egger2001, predictor vi"
egger_ml <- with(given$egger2001, model(yi, vi, "ML", "z", cbind(vi = vi)))

ranktests <- lapply(names(funnels), function(d) {
  s <- funnels[[d]]
  r <- suppressWarnings(ranktest(s$yi, s$vi))
  list(data = d, measure = s$measure, yi = s$yi, vi = s$vi, tau = as.vector(r$tau), p = r$pval)
})
ranktests[[3]] <- with(given$hackshaw1998, {
  r <- suppressWarnings(ranktest(yi, vi))
  list(
    data = "hackshaw1998", measure = "OR", yi = yi, vi = vi, tau = as.vector(r$tau), p = r$pval
  )
})

filled <- expand.grid(
  estimator = c("L0", "R0"), method = c("EE", "DL", "REML"), side = c("", "left", "right"),
  data = c("bcg", "hackshaw1998", "egger2001"), stringsAsFactors = FALSE
)
trimmed <- records(function(d, m, e, side) {
  s <- given[[d]]
  label <<- paste(d, "trimmed or filled")
  r <- model(s$yi, s$vi, m, "z")
  arguments <- list(r, estimator = e)
  if (side != "") arguments$side <- side
  # Where trimming does not settle metafor stops too.
  f <- tryCatch(suppressWarnings(do.call(trimfill, arguments)), error = function(condition) NULL)
  if (is.null(f)) return(NULL)
  # trimfill() fits with metafor's own controls: the number is its, the means are fitted again.
  sign_ <- if (f$side == "right") -1 else 1
  rank_ <- order(sign_ * s$yi)
  trimmed_ <- rank_[seq_len(length(rank_) - f$k0)]
  middle <- as.vector(model(s$yi[trimmed_], s$vi[trimmed_], m, "z")$beta)
  mirrored <- setdiff(rank_, trimmed_)
  new <- 2 * middle - s$yi[mirrored]
  stopifnot(max(0, abs(sort(new) - sort(f$yi[f$fill]))) < 1e-4)
  a <- model(c(s$yi, new), c(s$vi, s$vi[mirrored]), m, "z")
  found <- list(
    data = d, measure = if (d == "bcg") "RR" else "OR", estimator = e, method = m, test = "z",
    asked_side = if (side != "") side, yi = s$yi, vi = s$vi, side = f$side, k0 = f$k0,
    p_k0 = if (e == "R0") f$p.k0, estimate = as.vector(a$beta), se = a$se, ci_lb = a$ci.lb,
    ci_ub = a$ci.ub, tau2 = a$tau2, filled = v(sort(new))
  )
  # Its variance can come out below 0.
  if (is.nan(f$se.k0)) found else c(found, list(se_k0 = f$se.k0))
}, filled$data, filled$method, filled$estimator, filled$side)
trim_and_fill <- by_data(trimmed, c("data", "measure", "yi", "vi"), "fits")

# --- binomial likelihoods ------------------------------------------------------------------------

all_counts <- list(
  xi = c(pools$pool_adults$xi, pools$pool_children$xi),
  ni = c(pools$pool_adults$ni, pools$pool_children$ni)
)
regressed <- list(
  pools_children = list(counts = all_counts, mods = list(children = children)),
  twenty_invented = list(counts = proportions$twenty, mods = list(
    x = c(3.1, 0.4, 5.2, 1.7, 2.2, 4.4, 0.9, 3.3, 1.2, 2.8, 0.1, 4.9, 3.6, 2.4, 1.5, 0.7, 5.0, 2.9,
          4.1, 1.9)
  )),
  pritz1997_size = list(counts = proportions$pritz1997, mods = list(size = sqrt(pritz$ni)))
)
glmm_moderators <- lapply(names(regressed), function(d) {
  s <- regressed[[d]]
  frame <- data.frame(
    events = s$counts$xi, others = s$counts$ni - s$counts$xi, x = s$mods[[1]],
    study = factor(seq_along(s$counts$xi))
  )
  control <- do.call(glmerControl, glmer_control)
  one <- glmer(cbind(events, others) ~ x + (1 | study), frame, binomial, control, nAGQ = AGQ)
  none <- glmer(cbind(events, others) ~ 1 + (1 | study), frame, binomial, control, nAGQ = AGQ)
  r <- rma.glmm(
    measure = "PLO", xi = s$counts$xi, ni = s$counts$ni, mods = cbind(s$mods[[1]]), nAGQ = AGQ,
    test = "t", control = list(glmerCtrl = glmer_control)
  )
  chi <- 2 * as.vector(logLik(one) - logLik(none))
  list(
    data = d, measure = "PLO", method = "ML", test = "t", counts = s$counts, mods = s$mods,
    estimate = v(fixef(one)), se = v(sqrt(diag(as.matrix(vcov(one))))), tau2 = VarCorr(one)[[1]][1],
    tau2_without = VarCorr(none)[[1]][1], lrt = chi, lrt_p = pchisq(chi, 1, lower.tail = FALSE),
    metafor = list(
      estimate = v(r$beta), se = v(r$se), ci_lb = v(r$ci.lb), ci_ub = v(r$ci.ub), p = v(r$pval),
      tau2 = r$tau2
    )
  )
})

# The binomial-normal likelihood by the trapezoidal rule, written here and with nothing in common
# with lme4 or the package: mu may be a vector.
binomial_normal <- function(mu, tau, xi, ni) {
  total <- 0
  for (i in seq_along(xi)) {
    h <- 0.4 / sqrt(1 + tau^2 * ni[i] / 4)
    z <- seq(-ceiling(10 / h), ceiling(10 / h)) * h
    p <- plogis(outer(mu, tau * z, `+`))
    total <- total + log(dbinom(xi[i], ni[i], p) |> matrix(length(mu)) %*% (dnorm(z) * h))
  }
  as.vector(total)
}
beta_binomial <- lapply(c("pool_adults", "pool_children", "pritz1997", "twenty"), function(d) {
  s <- proportions[[d]]
  value <- function(at) {
    p <- plogis(at[1])
    size <- exp(-at[2]) # a + b of the beta distribution; rho = 1 / (1 + a + b)
    sum(lchoose(s$ni, s$xi) + lbeta(s$xi + p * size, s$ni - s$xi + (1 - p) * size) -
      lbeta(p * size, (1 - p) * size))
  }
  found <- optim(c(qlogis(sum(s$xi) / sum(s$ni)), -1), function(at) -value(at),
    control = list(reltol = 1e-15, maxit = 5000))
  found <- optim(found$par, function(at) -value(at), control = list(reltol = 1e-16, maxit = 5000))
  information <- optimHess(found$par, function(at) -value(at))
  list(
    data = d, measure = "PLO", method = "ML", counts = s, estimate = found$par[1],
    se = sqrt(solve(information)[1, 1]), rho = 1 / (1 + exp(-found$par[2])),
    log_likelihood = -found$value
  )
})

# --- Bayes by sums over tau ----------------------------------------------------------------------

# Densities are even in tau and smooth, so that the trapezoidal rule from 0 on is all but exact.
bayes_normal <- lapply(
  list(c("bcg", 0.5), c("bcg", 1), c("two_studies", 0.5), c("alike", 0.5)),
  function(asked) {
    s <- given[[asked[1]]]
    scale <- as.numeric(asked[2])
    tau <- seq(0, 12 * scale, by = scale / 1000)
    part <- sapply(tau, function(t) {
      w <- 1 / (s$vi + t^2)
      mu <- sum(w * s$yi) / sum(w)
      c(mu, 1 / sqrt(sum(w)), sum(log(w)) / 2 - log(sum(w)) / 2 - sum(w * (s$yi - mu)^2) / 2)
    })
    mass <- exp(part[3, ] - max(part[3, ]) - tau^2 / (2 * scale^2)) * ifelse(tau == 0, 0.5, 1)
    mass <- mass / sum(mass)
    below <- function(sd) function(p) {
      reach <- range(s$yi) + c(-30, 30)
      uniroot(function(x) sum(mass * pnorm(x, part[1, ], sd)) - p, reach, tol = 1e-12)$root
    }
    q <- below(part[2, ])
    new <- below(sqrt(part[2, ]^2 + tau^2))
    mean_ <- sum(mass * part[1, ])
    list(
      data = asked[1], measure = "GEN", tau_prior = paste0("HN(", asked[2], ")"), yi = s$yi,
      vi = s$vi, estimate = q(0.5), ci_lb = q(0.025), ci_ub = q(0.975), mean = mean_,
      se = sqrt(sum(mass * (part[2, ]^2 + (part[1, ] - mean_)^2))), new_lb = new(0.025),
      new_ub = new(0.975)
    )
  }
)

bayes_binomial <- lapply(c("pool_adults", "pool_children", "zero_cells"), function(d) {
  s <- proportions[[d]]
  mu <- seq(-8, 6, by = 0.05)
  tau <- seq(0, 5, by = 0.05)
  value <- sapply(tau, function(t) binomial_normal(mu, t, s$xi, s$ni))
  value <- value + outer(dnorm(mu, 0, 2.5, log = TRUE), dnorm(tau, log = TRUE), `+`)
  mass <- exp(value - max(value)) %*% diag(ifelse(tau == 0, 0.5, 1))
  mass <- mass / sum(mass)
  of_mu <- rowSums(mass)
  mean_ <- sum(of_mu * mu)
  density <- splinefun(mu, of_mu / 0.05)
  at <- seq(-8, 6, by = 0.0005)
  cumulated <- cumsum(density(at) * 0.0005)
  q <- function(p) approx(cumulated - density(at) * 0.00025, at, p, ties = "ordered")$y
  shares <- sapply(tau, function(t) {
    z <- seq(-10, 10, by = 0.05)
    plogis(outer(mu, t * z, `+`)) %*% (dnorm(z) * 0.05)
  })
  list(
    data = d, measure = "PLO", tau_prior = "HN(1)", mu_prior = c(0, 2.5), counts = s,
    estimate = q(0.5), ci_lb = q(0.025), ci_ub = q(0.975), mean = mean_,
    se = sqrt(sum(of_mu * (mu - mean_)^2)), marginal = sum(mass * shares)
  )
})

# --- survival, medians, printed intervals --------------------------------------------------------

times <- list(
  aml = list(time = survival::aml$time, event = survival::aml$status),
  lung = list(time = survival::lung$time, event = survival::lung$status - 1),
  ties = list(
    time = c(1, 1, 2, 2, 2, 3, 4, 4, 5, 6, 6, 8), event = c(1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1)
  ),
  half = list(time = c(1, 2, 3, 4, 5, 6), event = c(1, 1, 1, 1, 0, 0))
)
survival_curves <- lapply(names(times), function(d) {
  s <- times[[d]]
  f <- survfit(Surv(time, event) ~ 1, data = s, conf.type = "log-log")
  median_ <- unname(summary(f)$table[c("median", "0.95LCL", "0.95UCL")])
  # Time to censoring: of a death and a censoring at one time the death comes first.
  gap <- min(diff(sort(unique(s$time)))) / 1e6
  turned <- survfit(Surv(time - gap * event, 1 - event) ~ 1, data = s, conf.type = "log-log")
  reverse <- unname(summary(turned)$table[c("median", "0.95LCL", "0.95UCL")])
  list(
    data = d, time = s$time, event = s$event, times = f$time, at_risk = f$n.risk,
    events = f$n.event, survival = f$surv, lower = f$lower, upper = f$upper,
    median = median_[1], median_lb = median_[2], median_ub = median_[3],
    median_follow_up = reverse[1], follow_up_lb = reverse[2], follow_up_ub = reverse[3]
  )
})

# Invented medians in months; Wald limits on the log scale.
printed <- list(median = c(7.7, 9.8, 5.4, 12.1, 8), lower = c(5.6, 6.1, 3.9, 8.2, 4.9),
                upper = c(9.6, 15.7, 7.5, 17.9, 13.1))
log_variance <- function(lower, upper) ((log(upper) - log(lower)) / (2 * qnorm(0.975)))^2
medians <- records(function(m, t) {
  vi <- log_variance(printed$lower, printed$upper)
  r <- model(log(printed$median), vi, m, t)
  list(
    data = "invented medians", measure = "MS", method = m, test = t, median = printed$median,
    lower = printed$lower, upper = printed$upper, estimate = as.vector(r$beta), se = r$se,
    ci_lb = r$ci.lb, ci_ub = r$ci.ub, tau2 = r$tau2
  )
}, grid$method, grid$test)

printed_intervals <- list(list(
  data = "hackshaw1998", measure = "OR", digits = 2, estimate = smoke$or, lower = smoke$or.lb,
  upper = smoke$or.ub, yi = log(smoke$or), vi = log_variance(smoke$or.lb, smoke$or.ub)
))

# --- the file ------------------------------------------------------------------------------------

packages <- c("metafor", "metadat", "lme4", "survival", "jsonlite")
calls <- list(
  effects = "escalc(measure, ...)",
  fits = "rma(yi, vi, method, test, control = tight[[method]])",
  predictions = "predict(rma(yi, vi, method, test, control = tight[[method]]), pi.type)",
  q_profile = "confint(rma(yi, vi, method = 'DL'), control = profile_control)$random",
  profile_likelihood = "confint(rma(yi, vi, method, control), type = 'PL')$random",
  given_effects = "as analyses, with yi and vi given",
  where_metafor_differs = "rma(yi, vi, mods, method, control = tight[[method]])$tau2; own scan",
  pools = "rows of data/outcomes.csv",
  freeman_tukey = "transf.ipft.hm(yi, list(ni)), transf.ipft(yi, 1 / (4 * vi))",
  glmm = "rma.glmm(measure = 'PLO', xi, ni, nAGQ = 25, test = 't', control = list(glmerCtrl))",
  glmm_moderators = "glmer(cbind(events, others) ~ x + (1 | study), binomial, nAGQ = 25); rma.glmm",
  beta_binomial = "optim() of lchoose + lbeta - lbeta",
  bayes_normal = "sums over tau, of this script",
  bayes_binomial = "sums over mu and tau of binomial_normal(), of this script",
  mantel_haenszel = "rma.mh(measure = 'OR', ...)",
  two_arm = "rma.mh(measure, add = 0, to = 'none', correct = FALSE), rma.peto, rma(method = 'EE')",
  exact = "binom.test(x, n)$conf.int",
  moderators = "rma(yi, vi, mods, method, test, control = tight[[method]]), predict(newmods)",
  subgroups = "rma(yi, vi, mods = dummies); rma of each group, then rma(method = 'EE')",
  permutations = "permutest(rma(yi, vi, mods, method, test), exact = TRUE)",
  diagnostics = "influence, baujat, leave1out, cumul of rma(yi, vi, method, test)",
  gosh = "gosh(rma(yi, vi, method))$res",
  regression_tests = "regtest(rma(yi, vi, ni, method, test), predictor); regtest(model = 'lm')",
  rank_tests = "ranktest(yi, vi)",
  trim_and_fill = "trimfill(rma(yi, vi, method), estimator, side)$k0, its means fitted again",
  survival = "survfit(Surv(time, event) ~ 1, conf.type = 'log-log')",
  medians = "rma(log(median), ((log(upper) - log(lower)) / (2 * qnorm(0.975)))^2, method, test)",
  printed_intervals = "log(estimate), ((log(upper) - log(lower)) / (2 * qnorm(0.975)))^2"
)
controls <- list(
  tight = tight[c("PM", "EB", "ML", "REML")], profile = profile_control, glmer = glmer_control
)
reference <- list(
  made = list(
    date = format(Sys.Date()), R = R.version.string,
    packages = sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE),
    calls = calls, controls = controls
  ),
  analyses = analyses,
  given_effects = given_effects,
  pools = lapply(names(pools), function(d) {
    list(data = d, row_ids = rows[[d]], counts = pools[[d]])
  }),
  glmm = lapply(named, function(d) glmm(d, proportions[[d]])),
  glmm_moderators = glmm_moderators,
  beta_binomial = beta_binomial,
  bayes_normal = bayes_normal,
  bayes_binomial = bayes_binomial,
  mantel_haenszel = mantel,
  two_arm = two_arm,
  freeman_tukey = freeman_tukey,
  exact = exact,
  moderators = moderators,
  subgroups = subgroups,
  permutations = permutations,
  diagnostics = diagnostics,
  gosh = gosh_of,
  regression_tests = regression_tests,
  rank_tests = ranktests,
  trim_and_fill = trim_and_fill,
  survival = survival_curves,
  medians = medians,
  printed_intervals = printed_intervals,
  where_metafor_differs = differs
)
# A record per line, so that a change shows as one.
text <- function(x) {
  toJSON(x, digits = I(16), auto_unbox = TRUE, null = "null", na = "null", rownames = FALSE)
}
section <- function(x) {
  if (!is.null(names(x))) return(text(x))
  paste0("[\n", paste(vapply(x, text, ""), collapse = ",\n"), "\n]")
}
body <- paste0("\"", names(reference), "\": ", vapply(reference, section, ""))
writeLines(paste0("{\n", paste(body, collapse = ",\n"), "\n}"), "reference.json")
