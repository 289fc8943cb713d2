"""Naver Cloud SENS, SMS v2: sign, send once, look up. The vendor's words stay in here."""
