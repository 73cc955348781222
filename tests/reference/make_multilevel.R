# Makes multilevel.json, what metafor and clubSandwich say of the multilevel model. Not needed to
# run the tests.
#
#   Rscript make_multilevel.R     (in this folder; R with metafor, clubSandwich and jsonlite)
#
# rma.mv estimates the logarithms of the variances by function values alone: a variance of 0 is then
# some 1e-8, and others have seven digits. Here the components are found again from the derivatives
# of the likelihood, written below, and given to rma.mv, which computes everything else; what it
# finds by itself is kept beside them (`found_by_rma_mv`).

suppressMessages({
  library(metafor)
  library(clubSandwich)
  library(jsonlite)
})

# --- covariance from counts, in the script's own words --------------------------------------------

# p(1 - p) m / (n1 n2) over the square of p(1 - p); half an event where a cell is empty, for which m
# is scaled as the root of the product of the totals. Then shrunk as logit_covariance says: single
# pairs to a correlation of 0.99, then families.
logit_v <- function(x, n, m, fam, floor = 0.01) {
  half <- ifelse(x == 0 | x == n, 0.5, 0)
  X <- x + half
  N <- n + 2 * half
  v <- 1 / X + 1 / (N - X)
  k <- length(x)
  V <- diag(v, k)
  for (i in seq_len(k)) for (j in seq_len(k)) if (i != j) {
    p <- (X[i] + X[j]) / (N[i] + N[j])
    share <- m[i, j] * sqrt(N[i] * N[j] / (n[i] * n[j]))
    r <- share / (N[i] * N[j] * p * (1 - p)) / sqrt(v[i] * v[j])
    V[i, j] <- min(r, 1 - floor) * sqrt(v[i] * v[j])
  }
  for (f in unique(fam)) {
    at <- which(fam == f)
    least <- min(eigen(cov2cor(V[at, at, drop = FALSE]), symmetric = TRUE)$values)
    if (least < floor) {
      s <- (1 - floor) / (1 - least)
      V[at, at] <- s * V[at, at] + (1 - s) * diag(diag(V[at, at]))
    }
  }
  V
}

# --- data -----------------------------------------------------------------------------------------

sets <- list()
of_counts <- function(name, x, n, fam, pairs) {
  m <- matrix(0, length(x), length(x))
  for (p in pairs) m[p[1], p[2]] <- m[p[2], p[1]] <- p[3]
  half <- ifelse(x == 0 | x == n, 0.5, 0)
  sets[[name]] <<- list(
    yi = log((x + half) / (n - x + half)), V = logit_v(x, n, m, fam), family = fam,
    counts = list(events = x, totals = n), pairs = lapply(pairs, function(p) p - c(1, 1, 0))
  )
}
of_effects <- function(name, yi, V, fam, cohort = NULL, cluster = fam) {
  sets[[name]] <<- list(yi = yi, V = V, family = fam, cohort = cohort, cluster = cluster)
}
# Correlations of rho within families.
within <- function(v, fam, rho) {
  V <- rho * outer(sqrt(v), sqrt(v)) * outer(fam, fam, "==")
  diag(V) <- v
  V
}

of_counts(
  "interim_and_final", c(12, 31, 9, 22, 40, 15, 27, 33), c(30, 70, 15, 44, 81, 40, 41, 60),
  c("a", "a", "b", "b", "b", "c", "d", "e"), list(c(1, 2, 30), c(3, 4, 15), c(3, 5, 15), c(4, 5, 44))
)
of_counts(
  "partly_shared", c(20, 25, 11, 30, 18, 16, 44), c(45, 52, 30, 61, 33, 38, 60),
  c("a", "a", "a", "b", "b", "c", "d"), list(c(1, 2, 20), c(2, 3, 12), c(4, 5, 25))
)
of_counts(
  "whole_and_parts", c(10, 14, 24, 8, 9, 12, 29, 30, 21), c(25, 26, 51, 12, 20, 30, 62, 41, 50),
  c("a", "a", "a", "b", "b", "b", "b", "c", "d"),
  list(c(1, 3, 25), c(2, 3, 26), c(4, 7, 12), c(5, 7, 20), c(6, 7, 30))
)
of_counts(
  "one_twice", c(18, 18, 30, 11, 25), c(40, 40, 50, 33, 39), c("a", "a", "b", "c", "d"),
  list(c(1, 2, 40))
)
of_counts(
  "same_patients_other_counts", c(18, 24, 30, 11, 25, 29), c(40, 40, 50, 33, 39, 41),
  c("a", "a", "b", "c", "d", "d"), list(c(1, 2, 40), c(5, 6, 39))
)
of_counts(
  "zero_events", c(0, 0, 2, 1, 0, 3), c(10, 25, 40, 18, 12, 60), c("a", "a", "a", "b", "c", "d"),
  list(c(1, 2, 10), c(1, 3, 10), c(2, 3, 25))
)
of_counts(
  "nothing_but_events", c(10, 24, 12, 30, 9), c(10, 25, 12, 32, 11), c("a", "a", "b", "b", "c"),
  list(c(1, 2, 10), c(3, 4, 12))
)
of_counts(
  "no_heterogeneity", c(10, 20, 31, 15, 26), c(20, 40, 60, 30, 50), c("a", "a", "b", "b", "c"),
  list(c(1, 2, 20), c(3, 4, 25))
)
of_counts(
  "one_family", c(8, 20, 33, 12), c(30, 41, 50, 36), rep("a", 4), list(c(1, 2, 12), c(3, 4, 20))
)
of_counts("families_of_one", c(8, 20, 33, 12, 29), c(30, 41, 50, 36, 40), letters[1:5], list())
of_counts("two_families", c(8, 20, 33), c(30, 41, 50), c("a", "a", "b"), list(c(1, 2, 12)))
of_counts("one_pair", c(8, 20), c(30, 41), c("a", "a"), list(c(1, 2, 12)))
of_counts("two_apart", c(8, 30), c(30, 41), c("a", "b"), list())

k <- dat.konstantopoulos2011
of_effects("konstantopoulos2011", k$yi, diag(k$vi), as.character(k$district))
a <- dat.assink2016[order(dat.assink2016$study), ]
of_effects("assink2016", a$yi, within(a$vi, a$study, 0.6), as.character(a$study))
b <- dat.bornmann2007
b <- escalc(measure = "OR", ai = waward, n1i = wtotal, ci = maward, n2i = mtotal, data = b)
of_effects("bornmann2007", as.vector(b$yi), diag(as.vector(b$vi)), as.character(b$study))
of_effects( # several effects of a cohort
  "konstantopoulos_cohorts", k$yi, diag(k$vi), as.character(k$district),
  cohort = paste0("c", ceiling(k$school / 2))
)
set.seed(20)
random <- function(name, sizes, tau, sigma, rho, scale = 1) {
  fam <- rep(paste0("f", seq_along(sizes)), sizes)
  v <- scale^2 * runif(length(fam), 0.02, 0.3)
  V <- within(v, fam, rho)
  u <- rnorm(length(sizes), 0, tau)[as.integer(factor(fam, unique(fam)))]
  e <- as.vector(t(chol(V)) %*% rnorm(length(fam)))
  of_effects(name, 0.4 * scale + scale * (u + rnorm(length(fam), 0, sigma)) + e, V, fam)
}
random("between_families", rep(3, 6), 0.9, 0, 0.4)
random("between_cohorts", rep(3, 6), 0, 0.9, 0.4)
random("both", c(1, 2, 5, 3, 1, 4, 2), 0.6, 0.4, 0.5)
random("many", rep(c(1, 2, 4), 7), 0.5, 0.3, 0.6)
random("nearly_singular", c(3, 2, 3, 1, 2), 0.4, 0.2, 0.9999)
random("all_but_singular", c(3, 2, 3, 1, 2), 0.4, 0, 0.999999)
random("small_numbers", c(2, 2, 3, 1, 2), 0.5, 0.3, 0.5, scale = 1e-3)
random("large_numbers", c(2, 2, 3, 1, 2), 0.5, 0.3, 0.5, scale = 1e3)
random("negative_covariance", c(2, 2, 2, 1, 2), 0.5, 0.3, -0.7)
random("noise_alone", c(2, 3, 2, 1, 2), 0, 0, 0.7)
fam <- c("a", "a", "b", "b", "c", "d", "e")
V <- within(c(0.1, 0.2, 0.15, 0.08, 0.3, 0.12, 0.2), fam, 0.5)
V[2, 3] <- V[3, 2] <- 0.05 # a patient group in two families
of_effects(
  "shared_across_families", c(0.3, 0.9, -0.2, 0.4, 1.4, -0.5, 0.6), V, fam,
  cluster = c("a", "a", "a", "a", "c", "d", "e")
)

# --- the highest maximum of the likelihood --------------------------------------------------------

pieces <- function(s, d, S, restricted) {
  M <- d$V
  for (i in seq_along(S)) M <- M + s[i] * S[[i]]
  W <- chol2inv(chol(M))
  w <- rowSums(W)
  P <- W - outer(w, w) / sum(w)
  Py <- as.vector(P %*% d$yi)
  k <- length(d$yi)
  value <- -0.5 * (determinant(M)$modulus + sum(d$yi * Py) + k * log(2 * pi))
  if (restricted) value <- value - 0.5 * (log(sum(w)) - log(2 * pi) - log(k))
  T <- if (restricted) P else W
  gradient <- sapply(S, function(Si) -0.5 * sum(T * Si) + 0.5 * sum(Py * (Si %*% Py)))
  list(value = as.numeric(value), gradient = gradient)
}

# Among the components of which `free` is true, the others 0.
climb <- function(s, free, f, g) {
  put <- function(x) replace(numeric(length(free)), free, x)
  o <- optim(s[free], function(x) f(put(x)), function(x) g(put(x))[free], method = "L-BFGS-B",
             lower = 0, control = list(fnscale = -1, factr = 10, pgtol = 0, maxit = 1000))
  x <- o$par
  # Newton's method on the slope, with differences of it.
  for (step in 1:60) {
    if (any(x <= 0)) return(NULL) # another set of free components has it
    J <- sapply(seq_along(x), function(i) {
      h <- replace(numeric(length(x)), i, 1e-5 * x[i])
      (g(put(x + h))[free] - g(put(x - h))[free]) / (2e-5 * x[i])
    })
    move <- tryCatch(solve(matrix(J, length(x)), g(put(x))[free]), error = function(e) 0)
    while (any(move > 0.9 * x)) move <- move / 2
    while (f(put(x - move)) < f(put(x)) - 1e-9) move <- move / 2
    x <- x - move
    if (max(abs(move / x)) <= 1e-14) break
  }
  put(x)
}

highest <- function(d, S, restricted, found) {
  f <- function(s) pieces(s, d, S, restricted)$value
  g <- function(s) pieces(s, d, S, restricted)$gradient
  spread <- var(d$yi) + mean(diag(d$V))
  grid <- c(0, spread * 10^(-6:1))
  starts <- as.matrix(expand.grid(rep(list(grid), length(S))))
  values <- apply(starts, 1, f)
  starts <- rbind(starts[order(-values)[seq_len(min(12, length(values)))], , drop = FALSE], found)
  which <- as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(S))))
  ends <- list(numeric(length(S)))
  for (w in seq_len(nrow(which))[-1]) for (i in seq_len(nrow(starts))) {
    start <- pmax(starts[i, ], 1e-8 * spread)
    end <- tryCatch(climb(start, which[w, ], f, g), error = function(e) NULL)
    if (!is.null(end)) ends <- c(ends, list(end))
  }
  values <- sapply(ends, f)
  # Of ends that are as high but for rounding the one with most zeros, then the flattest.
  high <- ends[values >= max(values) - 1e-12 * max(1, abs(values))]
  zeros <- sapply(high, function(s) sum(s == 0))
  high <- high[zeros == max(zeros)]
  steep <- sapply(high, function(s) sum(abs(s * g(s))))
  unname(high[[which.min(steep)]])
}

fit <- function(d, method) {
  fam <- d$family
  cohort <- if (is.null(d$cohort)) seq_along(fam) else d$cohort
  inner <- paste(fam, cohort)
  data <- data.frame(yi = d$yi, fam = fam, inner = inner)
  same <- function(x) outer(x, x, "==") * 1
  families <- length(unique(fam))
  alone <- families == length(unique(inner)) # the two components are one
  S <- if (families == 1) list(same(inner)) else if (alone) list(same(fam)) else
    list(same(fam), same(inner))
  random <- if (alone) ~ 1 | fam else ~ 1 | fam / inner
  model <- function(...) {
    suppressWarnings(rma.mv(yi, d$V, random = random, data = data, method = method, ...))
  }
  free <- tryCatch(model(), error = function(e) NULL)
  own <- if (is.null(free)) NULL else free$sigma2
  start <- if (is.null(own)) rep(0.1, length(S)) else if (families == 1 && !alone) own[2] else own
  best <- highest(d, S, method == "REML", start)
  sigma2 <- if (families == 1 && !alone) c(0, best) else best
  at <- function(...) model(sigma2 = sigma2, ...)
  z <- at(test = "z")
  limits <- function(m) {
    p <- predict(m)
    c(p$ci.lb, p$ci.ub, p$pi.lb, p$pi.ub)
  }
  contained <- at(test = "t", dfs = "contain")
  record <- list(
    method = method, estimate = as.numeric(z$beta), se = z$se, sigma2 = I(c(sigma2, if (alone) 0)),
    log_likelihood = as.numeric(logLik(z)), Q = z$QE, Q_p = z$QEp,
    z = limits(z), contain = c(limits(contained), contained$ddf[[1]]),
    residual = limits(at(test = "t", dfs = "residual"))
  )
  if (!is.null(free)) {
    record$found_by_rma_mv <- list(
      sigma2 = I(c(own, if (alone) 0)), estimate = as.numeric(free$beta), se = free$se,
      log_likelihood = as.numeric(logLik(free))
    )
  }
  cluster <- if (is.null(d$cluster)) fam else d$cluster
  if (length(unique(cluster)) > 1) {
    # clubSandwich takes eigenvalues below 1e-12 for 0, whatever the unit: in units of the errors.
    unit <- sqrt(max(diag(d$V)))
    inner_model <- suppressWarnings(rma.mv(
      I(d$yi / unit), d$V / unit^2, random = random, data = data, method = method,
      sigma2 = sigma2 / unit^2
    ))
    r <- robust(inner_model, cluster = cluster, clubSandwich = TRUE)
    record$cr2 <- c(r$se * unit, r$dfs, r$ci.lb * unit, r$ci.ub * unit)
  }
  record
}

records <- lapply(names(sets), function(name) {
  d <- sets[[name]]
  cat(name, "\n")
  Filter(Negate(is.null), list(
    data = name, yi = d$yi, V = d$V, family = d$family, cohort = d$cohort, counts = d$counts,
    pairs = if (length(d$pairs)) d$pairs, fits = lapply(c("REML", "ML"), function(m) fit(d, m))
  ))
})
text <- function(x) {
  toJSON(x, digits = I(16), auto_unbox = TRUE, null = "null", na = "null", matrix = "rowmajor")
}
packages <- c("metafor", "clubSandwich", "jsonlite")
made <- list(
  date = format(Sys.Date()), R = R.version.string,
  packages = sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE)
)
writeLines(
  paste0(
    "{\n\"made\": ", text(made), ",\n\"multilevel\": [\n",
    paste(vapply(records, text, ""), collapse = ",\n"), "\n]\n}"
  ),
  "multilevel.json"
)
