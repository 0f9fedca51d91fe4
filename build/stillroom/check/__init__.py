"""Check: rules over claims and over the finished site; what passes can be published."""

from stillroom.check.claims import CheckedClaim, check_claims
from stillroom.check.facts import check_facts
from stillroom.check.site import check_site
from stillroom.check.views import check_views

__all__ = ["CheckedClaim", "check_claims", "check_facts", "check_site", "check_views"]
