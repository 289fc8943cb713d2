"""The partner's booking API and its human pages, behind the login cookies."""
