"""Effects that are not independent: the covariance of sets of patients that overlap, and a
multilevel model of cohorts within families.
"""
