"""The scorecard of a client and month as one immutable value, of which every form is made."""
