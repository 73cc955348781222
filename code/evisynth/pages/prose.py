"""Results that somebody typed into prose, where each is to be placed by the code that finds it."""

from __future__ import annotations

import re

NOT_PROSE = [
    r"\A---\n.*?\n---\n",  # front matter
    r"^(`{3,}|~{3,})(?:\{code[^}]*\}|\{math\}|(?!\{))[^\n]*\n.*?^\1[ \t]*$",  # code and equations
    r"\$\$.*?\$\$",
    r"(?<![\w$\\])\$[^$\n]+\$",
    r"<!--.*?-->",
    r"</?[a-zA-Z][^>]*>",
    # Code spans, within a paragraph, and roles, glue among them.
    r"(?:\{[\w:+-]+\})?(?<!`)(`{1,2})(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)",
    r"\]\([^)]*\)",
    r"https?://\S+",
    r"^\s*:[\w-]+:.*$",  # options of directives
]
NUMBER = r"\d+(?:[.,]\d+)?"
# What stands beside a number that is no result: the level of an interval, a definition, a year.
LEVEL = r"(?!\s*(?:exact\s+)?(?:confidence|prediction|credible|CI\b|interval|limit))"
DEFINITION = r"(?!\s+(?:of\s+)?(?:marrow\s+)?(?:leukaemic\s+|lymph)?blasts)"
YEAR = r"(?:19|20)\d\d"
# Before a time these make it a time point or a definition: at 24 months, under 18 years.
TIME_POINT = "".join(
    rf"(?<!\b{word} )"
    for word in ("at", "by", "to", "of age", "within", "after", "before", "until", "from", "under",
                 "over", "than", "least", "aged", "every", "first", "last")
)  # fmt: skip
TENS = "ten|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
ONES = (
    "one|two|three|four|five|six|seven|eight|nine|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen"
)
NUMBER_WORD = rf"(?:{TENS}|{ONES})(?:[ -](?:and|{TENS}|{ONES}))*"
TYPED = {
    "percentage": rf"(?<![\w.-]){NUMBER}\s*(?:%|per\s?cent\b){LEVEL}{DEFINITION}",
    "interval": rf"(?<![\w./-])(?<![Gg]rade )(?<![Gg]rades )(?!{YEAR}[-–—]{YEAR})"
    rf"{NUMBER}\s?[-–—]\s?{NUMBER}(?![\w-])",
    "bracketed interval": rf"\[{NUMBER}\s*(?:,|;|to)\s*{NUMBER}\]",
    "count of cohorts or patients": r"(?<![\w])[kn]\s*=\s*\d+",
    "share": r"(?<![\w.-])\d+\s+(?:out\s+)?of\s+(?:the\s+)?\d+",
    "p value": r"(?<![\w])[pP]\s*[=<>]\s*0?\.\d+",
    "heterogeneity": r"(?:I²|I2|τ²|τ|tau2|tau²)\s*=\s*\d",
    "ratio": r"(?<![\w])(?:OR|HR|RR|(?:odds|hazard|risk|rate)\s+ratios?)"
    r"(?:\s+(?:of|was|is|were|are|about|at))?\s*[=:]?\s*\d",
    "time": rf"(?<![\w.,-]){TIME_POINT}\d+\s+(?:day|week|month|year)s?\b",
    "time with decimals": r"(?<![\w.-])\d+[.,]\d+\s+(?:day|week|month|year)s?\b",
    "fraction": r"(?<![\w./-])\d{1,5}\s?/\s?\d{1,5}(?![\w/.-]*\d)",
    "percentage in words": rf"\b{NUMBER_WORD}\s+per\s?cent\b{LEVEL}{DEFINITION}",
}


def prose(markdown):
    """What a reader reads as prose: no code, no placed numbers, no links, no equations."""
    for pattern in NOT_PROSE:
        markdown = re.sub(pattern, " · ", markdown, flags=re.S | re.M)
    return markdown


def typed_results(markdown):
    """Results that somebody typed: each kind that is found, with its place in the text."""
    text = prose(markdown)
    return [
        f"{kind}: {hit[0]!r}"
        for kind, pattern in TYPED.items()
        for hit in re.finditer(pattern, text, re.I if kind.endswith("words") else 0)
    ]
