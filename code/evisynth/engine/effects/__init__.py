"""Effect sizes of one study: measures with their back-transforms, `escalc`, and effects
read off a printed interval.
"""
