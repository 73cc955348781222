# Recomputes every headline of the book in R, with what stands beside it, and the odds ratios.
#
#   Rscript recompute_headlines.R     (in this folder; R with metafor, lme4 and jsonlite)
#
# It reads the counts from data/outcomes.csv by the row ids in headline_rows.csv and writes
# headlines.json, with which tests/topic/test_our_headlines.py compares the book. No number of the
# Python package enters, and no Python is needed: likelihood by lme4, inverse variance by metafor,
# Bayes and the beta-binomial by the sums and the optimiser written here.

suppressMessages({
  library(metafor)
  library(lme4)
  library(jsonlite)
})

# --- counts --------------------------------------------------------------------------------------

outcomes <- read.csv(file.path("..", "..", "data", "outcomes.csv"), colClasses = "character")
stopifnot(!anyDuplicated(outcomes$row_id))
counts_of <- function(ids) {
  found <- outcomes[match(ids, outcomes$row_id), ]
  xi <- as.integer(found$events)
  ni <- as.integer(found$total)
  stopifnot(!anyNA(xi), !anyNA(ni), xi >= 0, xi <= ni)
  list(xi = xi, ni = ni)
}
declared <- read.csv("headline_rows.csv", colClasses = "character")
named <- paste(declared$analysis, declared$pool, sep = "/")
pools <- lapply(split(declared, factor(named, unique(named))), function(d) {
  c(list(analysis = d$analysis[1], pool = d$pool[1], row_ids = d$row_id), counts_of(d$row_id))
})

# Rows that were had by arithmetic are had again from what they say they come from.
used <- outcomes[outcomes$row_id %in% declared$row_id, ]
for (i in which(used$derivation == "differenced")) {
  whole <- counts_of(strsplit(used$derived_from[i], ";")[[1]])
  here <- counts_of(used$row_id[i])
  stopifnot(whole$xi[1] - whole$xi[2] == here$xi, whole$ni[1] - whole$ni[2] == here$ni)
}
for (i in which(used$derivation == "computed_from_percent")) {
  here <- counts_of(used$row_id[i])
  stopifnot(round(as.numeric(used$percent[i]) * here$ni / 100) == here$xi)
}

# --- the rule ------------------------------------------------------------------------------------

rule_of <- function(xi, ni) {
  k <- length(xi)
  if (k == 0) return("none")
  if (k == 1) return("one")
  if (k == 2) return("two")
  if (sum(xi) %in% c(0, sum(ni))) return("boundary")
  if (all(xi == 0 | xi == ni)) return("extreme")
  if (k < 5) "few" else "many"
}
exact <- function(x, n) {
  limits <- binom.test(x, n)$conf.int
  list(estimate = x / n, ci_lb = limits[1], ci_ub = limits[2])
}

# --- likelihood and inverse variance -------------------------------------------------------------

glmer_control <- glmerControl(
  optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-8, maxfun = 1e5),
  check.conv.singular = "ignore"
)
shown <- function(estimate, se, tau2, df, back = plogis) {
  half <- qt(0.975, df) * se
  wide <- qt(0.975, df) * sqrt(se^2 + tau2)
  list(
    estimate = back(estimate), ci_lb = back(estimate - half), ci_ub = back(estimate + half),
    pi_lb = back(estimate - wide), pi_ub = back(estimate + wide), tau = sqrt(tau2)
  )
}
fitted_by_glmer <- function(formula, frame) {
  fit <- glmer(formula, frame, binomial, control = glmer_control, nAGQ = 25)
  list(
    estimate = unname(fixef(fit)), se = unname(sqrt(diag(as.matrix(vcov(fit))))),
    tau2 = as.numeric(VarCorr(fit)[[1]])
  )
}
glmm <- function(xi, ni) {
  frame <- data.frame(events = xi, others = ni - xi, cohort = factor(seq_along(xi)))
  fit <- fitted_by_glmer(cbind(events, others) ~ 1 + (1 | cohort), frame)
  shown(fit$estimate, fit$se, fit$tau2, length(xi) - 1)
}
# The threshold is an absolute one of tau2, which is small on the arcsine scale. All limits have the
# ad hoc Knapp-Hartung standard error, those for a new study too, as in metafor's predict().
inverse_variance <- function(xi, ni, measure, threshold, back) {
  control <- list(threshold = threshold, maxiter = 100000, stepadj = 0.5)
  effects <- escalc(measure, xi = xi, ni = ni)
  fit <- rma(yi, vi, data = effects, method = "REML", test = "adhoc", control = control)
  shown(as.vector(fit$beta), fit$se, fit$tau2, fit$k - 1, back)
}
logit_reml <- function(xi, ni) inverse_variance(xi, ni, "PLO", 1e-13, plogis)
arcsine_reml <- function(xi, ni) {
  inverse_variance(xi, ni, "PAS", 1e-15, function(y) sin(pmin(pmax(y, 0), pi / 2))^2)
}

# Mean proportion p and size a + b of the beta distribution; rho = 1 / (1 + a + b).
beta_binomial <- function(xi, ni) {
  deviance <- function(at) {
    a <- plogis(at[1]) * exp(at[2])
    b <- plogis(-at[1]) * exp(at[2])
    -sum(lchoose(ni, xi) + lbeta(xi + a, ni - xi + b) - lbeta(a, b))
  }
  starts <- expand.grid(qlogis(sum(xi) / sum(ni)), c(0, 2, 4))
  found <- apply(starts, 1, function(start) {
    once <- optim(start, deviance, control = list(reltol = 1e-15, maxit = 5000))
    optim(once$par, deviance, control = list(reltol = 1e-16, maxit = 5000))
  })
  best <- found[[which.min(sapply(found, `[[`, "value"))]]
  at <- best$par
  # With a + b beyond this there is no spread, and the maximum is the binomial model's.
  stopifnot(at[2] < 12)
  steps <- list(ndeps = c(1e-4, 1e-4))
  se <- sqrt(solve(optimHess(at, deviance, control = steps))[1, 1])
  half <- qt(0.975, length(xi) - 1) * se
  p <- plogis(at[1])
  limits <- qbeta(c(0.025, 0.975), p * exp(at[2]), (1 - p) * exp(at[2]))
  list(
    estimate = p, ci_lb = plogis(at[1] - half), ci_ub = plogis(at[1] + half),
    pi_lb = limits[1], pi_ub = limits[2], rho = 1 / (1 + exp(at[2]))
  )
}

# --- Bayes, counts -------------------------------------------------------------------------------

# Sums over mu and tau. Everything is smooth, and even in tau; tau = 0.5 sinh(t) stays so in t,
# hence equal steps from t = 0 with half a weight there are all but exact. The last tau is past
# 10^3, where even the half-Cauchy prior leaves nothing of these posteriors.
STEP_T <- 0.05
t <- seq(0, 9, by = STEP_T)
tau <- 0.5 * sinh(t)
log_cell <- log(0.5 * cosh(t)) + log(ifelse(t == 0, 0.5, 1))
mu <- seq(-10, 10, by = 0.02)
theta <- seq(-30, 30, by = 0.02)
z <- seq(-8.5, 8.5, by = 0.25)
log_half_normal <- function(scale) -tau^2 / (2 * scale^2)
log_half_cauchy <- function(scale) -log1p((tau / scale)^2)

# Rows are theta, columns studies. Without the binomial coefficient, which cancels, and over its
# largest value, so that no product of many runs out of range.
log_binomial <- function(at, xi, ni) {
  logs <- outer(plogis(at, log.p = TRUE), xi) + outer(plogis(-at, log.p = TRUE), ni - xi)
  p <- xi / ni
  top <- ifelse(xi > 0, xi * log(p), 0) + ifelse(xi < ni, (ni - xi) * log1p(-p), 0)
  sweep(logs, 2, top)
}

# Likelihood of each study at every mu, its own effect summed out: over multiples of tau where tau
# is small, else over the effect, beyond whose last value the likelihood is 0 or 1.
study_likelihood <- function(tau, xi, ni) {
  if (tau < 0.1) {
    parts <- lapply(z, function(s) exp(log_binomial(mu + tau * s, xi, ni)) * dnorm(s))
    return(Reduce(`+`, parts) / sum(dnorm(z)))
  }
  weight <- rep(0.02, length(theta))
  weight[c(1, length(theta))] <- 0.01
  kernel <- dnorm(outer(mu, theta, `-`), sd = tau)
  inside <- kernel %*% (exp(log_binomial(theta, xi, ni)) * weight)
  inside + outer(pnorm(-30, mu, tau), xi == 0) + outer(pnorm(-30, -mu, tau), xi == ni)
}

# An array: mu, tau, pool. The costly part is the same for all pools, and for all priors.
log_likelihoods <- function(pools) {
  xi <- unlist(lapply(pools, `[[`, "xi"))
  ni <- unlist(lapply(pools, `[[`, "ni"))
  pool <- rep(names(pools), sapply(pools, function(p) length(p$xi)))
  key <- paste(xi, ni)
  once <- !duplicated(key)
  belongs <- sapply(names(pools), function(p) tabulate(match(key[pool == p], key[once]), sum(once)))
  surface <- array(dim = c(length(mu), length(tau), length(pools)))
  for (j in seq_along(tau)) {
    logs <- log(pmax(study_likelihood(tau[j], xi[once], ni[once]), 1e-300))
    surface[, j, ] <- logs %*% belongs
  }
  dimnames(surface) <- list(NULL, NULL, names(pools))
  surface
}

quantile_of <- function(at, density, p) {
  smooth <- splinefun(at, density)
  fine <- seq(min(at), max(at), length.out = 50 * length(at))
  values <- pmax(smooth(fine), 0)
  below <- cumsum(values) - values / 2
  below <- below / below[length(below)]
  inner <- below > 1e-9 & below < 1 - 1e-9
  approx(below[inner], fine[inner], p)$y
}
ALL <- c(0.025, 0.5, 0.975)

# A new study is not spoken of where there are but two.
bayes <- function(log_likelihood, log_prior, two) {
  logs <- log_likelihood + dnorm(mu, 0, 2.5, log = TRUE)
  logs <- sweep(logs, 2, log_prior + log_cell, `+`)
  mass <- exp(logs - max(logs))
  mass <- mass / sum(mass)
  stopifnot(sum(mass[c(1, length(mu)), ]) < 1e-6, sum(mass[, length(tau)]) < 1e-9)
  q <- plogis(quantile_of(mu, rowSums(mass), ALL))
  of_t <- colSums(mass) # a density over t, even about 0, of which half the first is counted
  of_t[1] <- 2 * of_t[1]
  both <- c(rev(-t[-1]), t)
  q_t <- quantile_of(both, c(rev(of_t[-1]), of_t), 0.5 + ALL / 2)
  found <- list(estimate = q[2], ci_lb = q[1], ci_ub = q[3])
  q_tau <- 0.5 * sinh(q_t)
  spread <- list(tau = q_tau[2], tau_lb = q_tau[1], tau_ub = q_tau[3])
  if (two) return(c(found, spread))
  c(found, list(pi_lb = new_study(mass, 0.025), pi_ub = new_study(mass, 0.975)), spread)
}
new_study <- function(mass, p) {
  matters <- which(mass > 1e-14, arr.ind = TRUE)
  w <- mass[matters]
  at <- mu[matters[, 1]]
  sd <- pmax(tau[matters[, 2]], 1e-9)
  below <- function(x) sum(w * pnorm(x, at, sd)) / sum(w) - p
  plogis(uniroot(below, c(-60, 60), tol = 1e-10)$root)
}

# --- every pool ----------------------------------------------------------------------------------

priors <- list(
  "GLMM by Bayes, HN(1)" = log_half_normal(1),
  "GLMM by Bayes, HN(0.5)" = log_half_normal(0.5),
  "GLMM by Bayes, HC(0.5)" = log_half_cauchy(0.5)
)
by_counts <- list(
  "GLMM by likelihood" = glmm, "logit, REML" = logit_reml, "arcsine, REML" = arcsine_reml,
  "beta-binomial" = beta_binomial
)
headline <- c(few = "GLMM by Bayes, HN(1)", many = "GLMM by Bayes, HN(1)")
models_of <- list(
  one = character(), two = names(priors)[1], boundary = names(priors)[1],
  extreme = names(priors)[1], few = c(names(priors), "GLMM by likelihood", "logit, REML"),
  many = c(names(priors), "GLMM by likelihood", "logit, REML", "arcsine, REML", "beta-binomial")
)
several <- Filter(function(p) length(p$xi) > 1, pools)
surface <- log_likelihoods(several)
recomputed <- lapply(names(pools), function(name) {
  p <- pools[[name]]
  rule <- rule_of(p$xi, p$ni)
  models <- lapply(setNames(nm = models_of[[rule]]), function(m) {
    if (m %in% names(priors)) bayes(surface[, , name], priors[[m]], length(p$xi) < 3)
    else by_counts[[m]](p$xi, p$ni)
  })
  studies <- mapply(exact, p$xi, p$ni, SIMPLIFY = FALSE)
  c(p, list(
    rule = rule, headline = if (rule %in% names(headline)) unname(headline[rule]) else NULL,
    lower = sapply(studies, `[[`, "ci_lb"), upper = sapply(studies, `[[`, "ci_ub"),
    common_effect = exact(sum(p$xi), sum(p$ni)), models = models
  ))
})
# A pool of one row is a list of one, too.
recomputed <- lapply(recomputed, function(p) {
  for (name in c("row_ids", "xi", "ni", "lower", "upper")) p[[name]] <- I(p[[name]])
  p
})

# --- odds ratios ---------------------------------------------------------------------------------

# Two arms of one study are rows of the same `study_id`.
cohorts <- read.csv(file.path("..", "..", "data", "cohorts.csv"), colClasses = "character")
study_of <- function(ids) {
  cohort <- outcomes$cohort_id[match(ids, outcomes$row_id)]
  cohorts$study_id[match(cohort, cohorts$cohort_id)]
}
first <- pools[["salvage-line/first"]]
later <- pools[["salvage-line/later"]]
studies <- intersect(study_of(first$row_ids), study_of(later$row_ids))
i <- match(studies, study_of(first$row_ids))
j <- match(studies, study_of(later$row_ids))
cells <- list(a = first$xi[i], n1 = first$ni[i], c = later$xi[j], n2 = later$ni[j])
yi <- with(cells, log(a * (n2 - c) / ((n1 - a) * c)))
vi <- with(cells, 1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c))
ratio <- function(y, half) list(estimate = exp(y), ci_lb = exp(y - half), ci_ub = exp(y + half))
mh <- with(cells, rma.mh(
  ai = a, n1i = n1, ci = c, n2i = n2, measure = "OR", add = 0, to = "none", correct = FALSE
))

# With a flat mean everything but tau is had in closed form.
normal_normal <- function(yi, vi, log_prior) {
  parts <- sapply(tau, function(s) {
    w <- 1 / (vi + s^2)
    m <- sum(w * yi) / sum(w)
    c(m, 1 / sqrt(sum(w)), (sum(log(w)) - log(sum(w)) - sum(w * (yi - m)^2)) / 2)
  })
  mass <- exp(parts[3, ] + log_prior + log_cell - max(parts[3, ]))
  mass <- mass / sum(mass)
  below <- function(x) sum(mass * pnorm(x, parts[1, ], parts[2, ]))
  q <- sapply(ALL, function(p) uniroot(function(x) below(x) - p, c(-40, 40), tol = 1e-12)$root)
  list(estimate = exp(q[2]), ci_lb = exp(q[1]), ci_ub = exp(q[3]))
}

# --- children against adults ---------------------------------------------------------------------

adults <- pools[["pediatric-vs-adult/adults"]]
children <- pools[["pediatric-vs-adult/children"]]
frame <- data.frame(
  events = c(adults$xi, children$xi),
  others = c(adults$ni - adults$xi, children$ni - children$xi),
  child = rep(0:1, c(length(adults$xi), length(children$xi)))
)
frame$cohort <- factor(seq_len(nrow(frame)))
age <- fitted_by_glmer(cbind(events, others) ~ child + (1 | cohort), frame)
between_ages <- c(
  ratio(age$estimate[2], qt(0.975, nrow(frame) - 2) * age$se[2]),
  list(k = nrow(frame), tau = sqrt(age$tau2))
)

# --- written -------------------------------------------------------------------------------------

packages <- c("metafor", "lme4", "jsonlite")
found <- list(
  made = list(
    date = format(Sys.Date()), R = R.version.string,
    packages = sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE)
  ),
  pools = recomputed,
  odds_ratios = list(
    analysis = "salvage-line", first = "first", second = "later", studies = studies, cells = cells,
    strata = Map(function(y, v) ratio(y, qnorm(0.975) * sqrt(v)), yi, vi),
    mantel_haenszel = ratio(as.vector(mh$beta), qnorm(0.975) * mh$se),
    bayes = normal_normal(yi, vi, log_half_normal(0.5))
  ),
  regression = c(
    list(analysis = "pediatric-vs-adult", first = "adults", second = "children"), between_ages
  )
)
text <- function(x) toJSON(x, digits = I(16), auto_unbox = TRUE, null = "null")
# A pool per line, so that a change shows as one.
lines <- c(
  paste0("\"made\": ", text(found$made)),
  paste0("\"pools\": [\n", paste(vapply(found$pools, text, ""), collapse = ",\n"), "\n]"),
  paste0("\"odds_ratios\": ", text(found$odds_ratios)),
  paste0("\"regression\": ", text(found$regression))
)
writeLines(paste0("{\n", paste(lines, collapse = ",\n"), "\n}"), "headlines.json")
