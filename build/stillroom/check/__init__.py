"""Check: rules over claims and over the finished site; what passes can be published."""

from stillroom.check.claims import CheckedClaim, check_claims, check_verdicts
from stillroom.check.facts import check_facts, check_quotes
from stillroom.check.labels import check_labels
from stillroom.check.site import check_site
from stillroom.check.views import check_views

__all__ = [
    "CheckedClaim",
    "check_claims",
    "check_facts",
    "check_labels",
    "check_quotes",
    "check_site",
    "check_verdicts",
    "check_views",
]
