# The same tasks with metafor, on the same file:  Rscript peer.R FOLDER ANALYSES
# Writes timings.csv, versions.csv and a file of numbers per task into FOLDER. Timed with metafor's
# defaults; compared with its controls tightened, which leave no error worth the name.

suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
here <- function(name) file.path(folder, name)

tight <- list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5)
data <- read.csv(here("data.csv"))
sets <- split(data, data$set)
few <- sets[seq_len(100)]
of <- function(k) data[seq_len(k), ]

# Of the processor, as the Python side counts them.
once <- function(task) sum(system.time(task())[1:2])
seconds <- function(task, repeats) {
  task()
  median(replicate(repeats, once(task)))
}

reml <- function(d, ...) rma(yi, vi, data = d, method = "REML", test = "knha", ...)
glmm <- function(d) rma.glmm(measure = "PLO", xi = xi, ni = ni, data = d, nAGQ = 7)
cases <- rma(yi, vi, data = of(40), method = "REML", control = tight)
subsets <- rma(yi, vi, data = of(14), method = "REML")

timings <- c(
  reml = seconds(function() lapply(sets, reml), 3),
  glmm = seconds(function() lapply(few, glmm), 1),
  influence = seconds(function() {
    fit <- rma(yi, vi, data = of(40), method = "REML")
    leave1out(fit)
    influence(fit)
  }, 5)
)
found <- NULL
timings["gosh"] <- once(function() found <<- gosh(subsets, progbar = FALSE))
write.csv(data.frame(id = names(timings), seconds = timings), here("timings.csv"), row.names = FALSE)

# write.csv itself would round.
table_of <- function(name, columns) {
  write.csv(lapply(columns, function(x) sprintf("%.17g", x)), here(name), row.names = FALSE)
}
all_of <- function(fits, field) sapply(fits, function(r) as.vector(r[[field]]))

fits <- lapply(sets, reml, control = tight)
table_of("reml.csv", list(
  estimate = all_of(fits, "beta"), tau2 = all_of(fits, "tau2"),
  ci_lb = all_of(fits, "ci.lb"), ci_ub = all_of(fits, "ci.ub")
))
fits <- lapply(few, glmm)
table_of("glmm.csv", list(
  estimate = all_of(fits, "beta"), se = all_of(fits, "se"), tau2 = all_of(fits, "tau2")
))
inf <- influence(cases)$inf
table_of("influence.csv", list(
  leave1out = leave1out(cases)$estimate, tau2_del = inf$tau2.del, rstudent = inf$rstudent,
  cook_d = inf$cook.d, hat = inf$hat
))

# A sample of the subsets again, with tight controls: gosh itself takes metafor's defaults.
sampled <- seq(1, nrow(found$incl), by = 61)
refits <- lapply(sampled, function(i) {
  kept <- of(14)[found$incl[i, ], ]
  r <- if (nrow(kept) == 1) list(beta = kept$yi, tau2 = 0) else
    rma(yi, vi, data = kept, method = "REML", control = tight)
  c(r$beta, r$tau2)
})
number <- found$incl[sampled, ] %*% 2^(0:13)
table_of("gosh.csv", list(
  subset = number, estimate = sapply(refits, `[`, 1), tau2 = sapply(refits, `[`, 2),
  default = found$res$tau2[sampled]
))

# Between-study variances with metafor's default controls, on the effect sizes of a file with the
# columns analysis, yi, vi; and its interval, whose upper end has a ceiling by default.
effects <- split(read.csv(arguments[2]), ~analysis)
estimated <- function(d, method) tryCatch(
  suppressWarnings(rma(yi, vi, data = d, method = method)$tau2), error = function(e) NaN
)
limits <- function(d) tryCatch(
  suppressWarnings(confint(rma(yi, vi, data = d, method = "DL")))$random[1, 2:3],
  error = function(e) c(NaN, NaN)
)
bounds <- sapply(effects, limits)
table_of("defaults.csv", c(
  list(analysis = as.numeric(names(effects))),
  sapply(c("PM", "EB", "ML", "REML"), function(m) sapply(effects, estimated, m), simplify = FALSE),
  list(lower = bounds[1, ], upper = bounds[2, ])
))

loop <- function() {
  x <- 0
  for (i in 1:1e7) x <- x + i
}
calibration <- seconds(loop, 3)
write.csv(
  data.frame(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor")),
             calibration = calibration),
  here("versions.csv"), row.names = FALSE
)
